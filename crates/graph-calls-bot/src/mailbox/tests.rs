//! What the engine promises, over a store in memory and in virtual time.

mod across;
mod collect;
mod crowd;
mod deciding;
mod dialing;
mod hosting;
mod intake;
mod letters;
mod losses;
mod operations;
mod parking;
mod table;
mod taking_over;
mod world;
