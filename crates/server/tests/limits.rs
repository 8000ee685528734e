//! Limits of the server, each hit on purpose, and how it stops.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod house;

use abide_server::Options;
use bytes::Bytes;
use house::{House, documents, piece, whole};
use http_body_util::{BodyExt, Empty, Full};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_millis(100);

fn streamed(text: &str) -> Value {
    json!({"model": "demo", "stream": true, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_whether_its_length_is_told_or_not() {
    let house = House::with(Options { body_bytes_max: 10_000, ..Options::default() }).await;
    let huge = vec![b' '; 8 << 20];
    let told = house.ask("POST", "/v1/responses", huge).await;
    assert_eq!(told.error(), "413 invalid_request_error body_too_large");
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let request = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         connection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n",
        house.key
    );
    let untold = house.raw(request.as_bytes()).await;
    assert!(untold.starts_with("HTTP/1.1 413 ") && untold.contains("body_too_large"), "{untold}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_many_pieces_is_read_as_one() {
    let house = House::new().await;
    let body = format!("{{\"model\":\"demo\",\"input\":\"say: ok\"{}}}", " ".repeat(3 << 20));
    let answer = house.ask("POST", "/v1/responses", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_together_hold_no_more_than_they_may() {
    let house = House::with(Options { bodies_bytes_max: 1 << 20, ..Options::default() }).await;
    let answer = house.ask("POST", "/v1/responses", vec![b' '; 4 << 20]).await;
    assert_eq!(answer.error(), "503 server_error overloaded");
    assert_eq!(answer.header("retry-after"), "1");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_given_up() {
    let house = House::with(Options { body_time_max: SOON, ..Options::default() }).await;
    let request = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
        house.key
    );
    let answer = house.raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body_timeout"), "{answer}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_closes_the_connection_wherever_it_stops() {
    let house = House::with(Options { head_time_max: SOON, ..Options::default() }).await;
    for begun in ["", "P", "PRI * HT", "POST /v1/responses HTTP/1.1\r\nhost: a\r\n"] {
        assert_eq!(house.raw(begun.as_bytes()).await, "", "{begun}");
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let house = House::with(Options { head_bytes_max: 4096, ..Options::default() }).await;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(6000));
    let answer = house.raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_more_than_there_may_be_is_told_to_come_back_and_the_health_is_still_told() {
    let house = House::with(Options { requests_max: 1, ..Options::default() }).await;
    let mut stream = house.stream("/v1/chat/completions", streamed("count to 300 [[sim:slow ms=10]]")).await;
    assert!(!piece(&mut stream).await.is_empty());
    let refused = house.get("/v1/models").await;
    assert_eq!(refused.error(), "503 server_error overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(house.get("/healthz").await.status, 200);
    drop(stream);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_more_than_there_may_be_is_told_so_and_closed() {
    let house = House::with(Options { connections_max: 1, ..Options::default() }).await;
    let mut first = TcpStream::connect(house.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(first.read(&mut [0; 64]).await.unwrap() > 0);
    let request =
        format!("GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n", house.key);
    let answer = house.raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("connection: close"), "{answer}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_kept_alive_by_comments() {
    let house =
        House::with(Options { keep_alive_every: Duration::from_millis(20), ..Options::default() }).await;
    let answer =
        whole(house.stream("/v1/chat/completions", streamed("count to 3 [[sim:slow ms=120]]")).await).await;
    assert!(answer.text().contains("\n\n: keep-alive\n\n"), "{}", answer.text());
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_speak_http2() {
    let house = House::new().await;
    let stream = TcpStream::connect(house.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = |path: &str| {
        let uri = format!("http://{}{path}", house.address);
        Request::builder().uri(uri).header("authorization", format!("Bearer {}", house.key))
    };
    let models = sender.send_request(request("/v1/models").body(Full::<Bytes>::default()).unwrap());
    assert_eq!(models.await.unwrap().status(), 200);
    let body = json!({"model": "demo", "input": "say: two"}).to_string();
    let made = request("/v1/responses").method("POST").body(Full::from(body)).unwrap();
    let made = sender.send_request(made).await.unwrap().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&made).contains("two"));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_at_work_is_finished_when_the_server_stops_and_nobody_new_gets_in() {
    let mut house = House::new().await;
    let mut idle = TcpStream::connect(house.address).await.unwrap();
    let mut response = house.stream("/v1/chat/completions", streamed("count to 20 [[sim:slow ms=20]]")).await;
    let first = piece(&mut response).await;
    house.stop();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "an idle connection is closed at once");
    assert!(TcpStream::connect(house.address).await.is_err(), "the port is free");
    let all = first + whole(response).await.text();
    assert!(all.ends_with("data: [DONE]\n\n"), "{all}");
    let text: String =
        documents(&all).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert!(text.ends_with(" 19 20"), "{text}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_outlasts_the_grace_is_closed() {
    let mut house = House::with(Options { grace: SOON, ..Options::default() }).await;
    let mut response = house.stream("/v1/chat/completions", streamed("hello [[sim:hang after=1]]")).await;
    assert!(!piece(&mut response).await.is_empty());
    house.stop();
    assert!(response.collect().await.is_err(), "the stream breaks off, and does not end as if it were whole");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_follow_each_other_on_one_connection() {
    let house = House::new().await;
    let stream = TcpStream::connect(house.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut ids = Vec::new();
    for path in ["/healthz", "/v1/nowhere", "/v1/models", "/readyz"] {
        let request = Request::get(path).header("host", "a").body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        ids.push(response.headers()["x-request-id"].clone());
        response.collect().await.unwrap();
        sender.ready().await.unwrap();
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "every request has an id of its own");
    house.end().await;
}
