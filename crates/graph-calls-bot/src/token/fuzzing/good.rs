//! A fixed key, and what was once signed with it. Nobody has the private half.

/// What the clock shows when a run begins: the tokens are good for a day from here.
pub(super) const NOW: u64 = 1_790_000_000;

pub(super) const APP: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(super) const TENANT: &str = "9f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(super) const KEY_ID: &str = "fuzz";

/// The public key, as key sets have it.
pub(super) const MODULUS: &str = "\
    nlrzXvVAfhnv8BrcnR1VwM66C6fCxqLb8jZ0mK26CM0Od8Fv4xSCEF5shKk6Xly6iUEFGAKpk0axcl-uDHCdodfRBn9dZwBqYxq6\
    z-5hpjGXeQZ1vUyk5Rc4wHgYZgRAX8ti75lMItMSrhMWPl4QibQHJ2mFZNNXfBCsUzFAo2fKS0RPluJN1ZeynMiwTKtkS6O6_KEf\
    y9KCcYWLPtRmWkGeeXT_FDVn2H_R3FvruH7uEPwbW-omz6XpV6uJfN-7pT-nFCr55lleKpwq2negAL0m9mnuLCIMkraugUlm-Nva\
    EAW2W94q1LR_CBitfOO9rKw2l_whLIsQ0S9SkgJgMw";
pub(super) const EXPONENT: &str = "AQAB";

/// For [`APP`], of [`TENANT`].
pub(crate) const TOKEN: &str = "\
    eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6ImZ1enoifQ.eyJpc3MiOiJodHRwczovL2FwaS5ib3RmcmFtZXdvcmsuY\
    29tIiwiYXVkIjoiMmYxYTBiMDAtMWMyZC00ZTNmLThhOWItMGMxZDJlM2Y0YTViIiwidGlkIjoiOWYxYTBiMDAtMWMyZC00ZTNmL\
    ThhOWItMGMxZDJlM2Y0YTViIiwibmJmIjoxNzkwMDAwMDAwLCJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDA4NjQwMH0.idcYk\
    avrd0J1ijXIAIOlQNKPfI0ZpgQB_uRbi8C6VbF7NMBAO8cP6LbqJ8PmGnHSlvcJQ6sY-5fSsiS3QgQhHHeusq_FgyALJ1DGkX1ym\
    K4znrjLRlQxMrU7lz_91hxUhLwBM9z4uJk0547RFnpKFoEk2xMfAflq_h-HybeBLOJYliw0BL970L-QH2rWfWkg5AAH-zeuYTfVL\
    EO5YXuslZXugyfvuA5vBZymGipPmnBXqyiFlk9Mfs2sIFfQpoB21jwMxQmhzzwDac5zOAjkl_aiTUUO7I-WSGDkCyV7h_oB94suv\
    I0kF6NIFWfwqsmEwwdzOhxu-iCnea_9EogSvw";

/// For [`APP`], of no tenant.
pub(crate) const NAMELESS: &str = "\
    eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6ImZ1enoifQ.eyJpc3MiOiJodHRwczovL2FwaS5ib3RmcmFtZXdvcmsuY\
    29tIiwiYXVkIjoiMmYxYTBiMDAtMWMyZC00ZTNmLThhOWItMGMxZDJlM2Y0YTViIiwibmJmIjoxNzkwMDAwMDAwLCJpYXQiOjE3O\
    TAwMDAwMDAsImV4cCI6MTc5MDA4NjQwMH0.ROLAwnaToOHY-TE_0s7qwAISM8jDm8Pi-PDhmSLRxF5J5dRBxJ8GJRLFKsbxsdLZj\
    PirzpIY56o3JIezR0jyTRMmedxYf2gHl3SgaMvAKB1exWnyUgyaOOoKX7EXZc_FYjUVsfxFRcJG-NSYtosOLOLrp_QvbGXq0jcsC\
    KzH8nBC8VlXujtkotcpNyAlLYbS_CN2s3AJRqI0hRLND3cih30Nsj-X9GYkqcaqsUUMAKve0EG87_bLLMGU0ziW8QUA35YRiaqw1\
    U4IMYDVyl5XV9DQbHmaRhvbL3UlbicEDAQdvtvOTE9ccOsjkXMJf4Ly9uka5b1XIr-jMRp8P6fyQQ";
