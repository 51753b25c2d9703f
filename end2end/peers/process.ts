/**
 * One child process with an end: it is killed by its own id when its time is up,
 * and what it printed is kept for the failure message.
 */
import { type ChildProcess, spawn } from "node:child_process";

export interface Finished {
  code: number | null;
  output: string;
}

export interface Running {
  child: ChildProcess;
  /** What it printed so far, both streams. */
  output(): string;
  /** Waits until the output matches, or fails with what was printed instead. */
  says(pattern: RegExp, withinMs: number): Promise<RegExpExecArray>;
  finished: Promise<Finished>;
  stop(): Promise<Finished>;
}

export interface Options {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** After so long it is killed, whatever it does. */
  limitMs: number;
}

/** Starts a program without a shell, so that no argument is ever read as one. */
export function start(program: string, args: string[], options: Options): Running {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(-512 * 1024);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);

  const limit = setTimeout(() => child.kill("SIGKILL"), options.limitMs);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      const missing = error.code === "ENOENT";
      reject(missing ? new Error(`${program} is not installed: see .ci/tools/peers`) : error);
    });
    child.once("close", (code) => {
      clearTimeout(limit);
      resolve({ code, output: text });
    });
  });
  finished.catch(() => undefined);

  return {
    child,
    output: () => text,
    finished,
    says: (pattern, withinMs) => until(pattern, withinMs, () => text, child, program),
    async stop() {
      if (child.exitCode === null) child.kill("SIGTERM");
      const grace = setTimeout(() => child.kill("SIGKILL"), 3_000);
      const end = await finished;
      clearTimeout(grace);
      return end;
    },
  };
}

async function until(
  pattern: RegExp,
  withinMs: number,
  text: () => string,
  child: ChildProcess,
  program: string,
): Promise<RegExpExecArray> {
  const end = Date.now() + withinMs;
  for (;;) {
    const match = pattern.exec(text());
    if (match) return match;
    const gone = child.exitCode !== null;
    if (gone || Date.now() > end) {
      const why = gone ? `ended with ${child.exitCode}` : `said nothing like ${pattern} in ${withinMs} ms`;
      throw new Error(`${program} ${why}:\n${text().slice(-4_000)}`);
    }
    await pause(20);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
