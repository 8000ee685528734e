//! nginx as the floor to compare with: one worker, plain `proxy_pass`, connections kept on both sides, and a line of
//! the log for each request, gathered for as long as Abide gathers its own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::child::{Running, free_address};
use super::cores;
use crate::shell;

/// Starts nginx on a free port before `upstream`, everything it writes in the folder.
pub(super) fn start(
    core: usize,
    folder: &Path,
    upstream: SocketAddr,
) -> Result<(Running, SocketAddr), String> {
    if !shell::works(Command::new("nginx").arg("-v")) {
        shell::install(&["nginx"])?;
    }
    let address = free_address()?;
    let path = folder.join("nginx.conf");
    let text = config(folder, address, upstream);
    fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    let mut command = cores::pinned(core, "nginx");
    let errors = folder.join("nginx.errors");
    command.arg("-c").arg(&path).arg("-e").arg(errors).arg("-p").arg(folder);
    let mut running = Running::start("nginx", &mut command, folder)?;
    running.ready_at(address)?;
    Ok((running, address))
}

fn config(folder: &Path, address: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|place| format!("    {place}_temp_path {folder}/nginx-{place};\n"))
        .collect();
    format!(
        "daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.errors warn;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/nginx.log combined buffer=64k flush=20ms;
{places}    upstream cloud {{
        server {upstream};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        keepalive_requests 1000000000;
        location / {{
            proxy_pass http://cloud;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering off;
        }}
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_keeps_to_its_folder_and_its_upstream() {
        let (own, cloud) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let text = config(Path::new("/tmp/b"), own, cloud);
        assert!(text.contains("listen 127.0.0.1:1;") && text.contains("server 127.0.0.1:2;"));
        let paths = text.lines().filter(|line| line.contains(" /")).filter(|line| !line.contains("location"));
        assert!(paths.clone().all(|line| line.contains(" /tmp/b/")), "{text}");
        assert_eq!(paths.count(), 8);
    }
}
