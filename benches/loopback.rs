//! The least that crosses a socket: hyper on both sides, connections kept alive.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::{TcpListener, TcpStream};

/// Answers 202 to everything, once its body has been read.
pub(crate) async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let serving = server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(accept));
            tokio::spawn(serving);
        }
    });
    address
}

async fn accept(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    drop(request.into_body().collect().await);
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// A connection and nothing around it.
pub(crate) struct Connection(client::conn::http1::SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// Sends, and takes in all of the response.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> StatusCode {
        self.0.ready().await.unwrap();
        let response = self.0.send_request(request).await.unwrap();
        let status = response.status();
        response.into_body().collect().await.unwrap();
        status
    }
}

/// A pool of connections and nothing around it.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Client<HttpConnector, Full<Bytes>>);

impl Pool {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends, and takes in all of the response.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> StatusCode {
        let response = self.0.request(request.map(Full::new)).await.unwrap();
        let status = response.status();
        response.into_body().collect().await.unwrap();
        status
    }
}
