//! One page over HTTP, for those who measure us.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use super::{NetError, now, sleep_until};

/// Questions answered at once; the next one waits in the kernel's queue.
const MAX_CONNECTIONS: usize = 8;
/// A question and its answer take no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// After a failure to take a connection (no file descriptors left), how long none is taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Request line and headers.
const MAX_HEADERS: usize = 16_384;

/// What makes the page, anew for each question.
pub type Page = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// Where the page is.
#[derive(Debug, Clone, Copy)]
pub struct PageAt {
    pub path: &'static str,
    pub content_type: &'static str,
}

/// Listens; nothing is answered before [`HttpListener::serve`].
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct HttpListener(tokio::net::TcpListener);

impl HttpListener {
    pub async fn bind(address: SocketAddr) -> Result<HttpListener, NetError> {
        #[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
        let bound = tokio::net::TcpListener::bind(address).await;
        bound.map(HttpListener).map_err(|source| NetError::Bind { address, source })
    }

    /// The port that was found for port 0.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }

    /// Answers until it is dropped.
    pub async fn serve(self, at: PageAt, page: Page) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let stream = match self.0.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "no HTTP connection can be taken");
                    sleep_until(Some(now() + ACCEPT_PAUSE)).await;
                    continue;
                }
            };
            let page = page.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request| answer(request, at, page.clone()));
                let connection = hyper::server::conn::http1::Builder::new()
                    .keep_alive(false)
                    .max_buf_size(MAX_HEADERS)
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::select! {
                    outcome = connection => if let Err(error) = outcome {
                        debug!(%error, "HTTP connection");
                    },
                    () = sleep_until(Some(now() + PATIENCE)) => {}
                }
                drop(place);
            });
        }
    }
}

async fn answer(request: Request<Incoming>, at: PageAt, page: Page) -> Result<Response<Full<Bytes>>, Infallible> {
    let refusal = |status| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != at.path {
        return Ok(refusal(StatusCode::NOT_FOUND));
    }
    // hyper leaves the body out of answers to HEAD.
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let mut response = Response::new(Full::from(page().await));
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(at.content_type));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Empty};

    use super::*;

    /// Status, content type and body, as hyper's client gets them.
    async fn get(address: SocketAddr, method: &str, path: &str) -> (u16, Option<String>, String) {
        #[expect(clippy::disallowed_types, reason = "a client of the test's own")]
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header("Host", "localhost");
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn one_page_and_nothing_else() {
        let listener = HttpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_address().unwrap();
        let page: Page = Arc::new(|| Box::pin(async { "figures\n".to_owned() }));
        tokio::spawn(listener.serve(PageAt { path: "/metrics", content_type: "text/plain" }, page));
        let figures = (200, Some("text/plain".to_owned()), "figures\n".to_owned());
        // More than may be served at once, one after the other: each place comes free again.
        for _ in 0..2 * MAX_CONNECTIONS {
            assert_eq!(get(address, "GET", "/metrics").await, figures);
        }
        assert_eq!(get(address, "GET", "/metrics?x=1").await.0, 200);
        assert_eq!(get(address, "HEAD", "/metrics").await.2, "");
        assert_eq!(get(address, "GET", "/").await.0, 404);
        assert_eq!(get(address, "POST", "/metrics").await.0, 405);
    }
}
