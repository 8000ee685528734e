// Abide on two fake clouds, in a folder of its own: the built programs, started and stopped.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const READY_MS_MAX = 30_000;
const POLL_MS = 5;

const abide = process.env.ABIDE_BIN;
const fakeclouds = join(dirname(abide ?? ""), "fakeclouds");

/** Starts the clouds and a server before them. `stop` ends both and removes the folder. */
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), "abide-node-"));
  const clouds = spawn(fakeclouds, ["--azure", "0", "--aws", "0", "--until-stdin-closes"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(clouds.stdout), "line");
  const port = await freePort();
  const config = join(folder, "abide.toml");
  writeFileSync(config, configuration(JSON.parse(line), port, join(folder, "store")));
  const printed = execFileSync(abide, ["key", "create", "suite", "--config", config], { encoding: "utf8" });
  const log = openSync(join(folder, "abide.log"), "a");
  const server = spawn(abide, ["serve", "--config", config], { stdio: ["ignore", log, log] });
  await ready(port, server, join(folder, "abide.log"));
  const stop = async () => {
    server.kill("SIGTERM");
    const [code] = server.exitCode === null ? await once(server, "exit") : [server.exitCode];
    clouds.stdin.end();
    await once(clouds, "exit");
    rmSync(folder, { recursive: true });
    return code;
  };
  return { baseURL: `http://127.0.0.1:${port}/v1`, key: printed.trim().split(/\s+/).at(-1), stop };
}

function configuration(urls, port, folder) {
  return `
listen = "127.0.0.1:${port}"
folder = "${folder}"
agreements = "${join(process.env.ABIDE_REPO, "examples", "agreements", "openai-clouds")}"

[cloud.azure]
dialect = "azure"
url = "${urls.azure}"
key = "sim-azure-key"

[cloud.aws]
dialect = "bedrock"
url = "${urls.aws}"
region = "us-east-1"
access_key_id = "AKIASIMSIMSIMSIMSIM0"
secret_access_key = "sim/secret+access+key/of+a+cloud+nobody+owns"

[model.demo]
product = "openai/api/responses"
targets = ["azure/gpt-demo", "aws/openai.gpt-demo-1:0"]

[model.bedrock]
product = "openai/api/responses"
targets = ["aws/openai.gpt-demo-1:0"]

[model.frontier-azure]
product = "openai/frontier"
targets = ["azure/frontier"]
`;
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function ready(port, server, log) {
  const until = Date.now() + READY_MS_MAX;
  while (Date.now() < until && server.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(POLL_MS);
  }
  throw new Error(`the server is not ready:\n${readFileSync(log, "utf8")}`);
}
