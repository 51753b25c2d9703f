/**
 * Voice bots behind the engine `stream`, written for others: `bots/*.py`, run by the Python environment that
 * `.ci/tools/peers` makes in the cache.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { ownFolder } from "./place";
import { type Running, pause, start } from "./process";

/** A Python that has what the peers and bots need, or Pipecat, which is large: `.ci/tools/peers pipecat`. */
export function python(room: "peers" | "pipecat" = "peers"): string {
  const cache = process.env.PATCHBAY_CACHE ?? join(homedir(), ".cache", "patchbay");
  return join(cache, `${room}-venv`, "bin", "python");
}

export function hasPipecat(): boolean {
  return existsSync(python("pipecat"));
}

/** Starts a bot and waits until it listens. */
export async function startBot(name: string, port: number, room: "peers" | "pipecat" = "peers"): Promise<Running> {
  const script = join(__dirname, "..", "bots", `${name}.py`);
  const run = start(python(room), [script, String(port)], { cwd: ownFolder("bot"), limitMs: 120_000 });
  for (const end = Date.now() + 60_000; Date.now() < end && run.child.exitCode === null; await pause(100)) {
    const open = await isListening(port);
    if (open) return run;
  }
  await run.stop();
  throw new Error(`${name} does not listen:\n${run.output().slice(-4_000)}`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const told = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => told(true));
    socket.once("error", () => told(false));
  });
}

/** A sentence as a WAV file at the telephone's rate, with silence before it and after. */
export function writeSpeech(path: string, text: string, before: number, after: number): void {
  const script = join(__dirname, "..", "bots", "speech.py");
  execFileSync(python(), [script, path, text, String(before), String(after)], { timeout: 30_000 });
}
