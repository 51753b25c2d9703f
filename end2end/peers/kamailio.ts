/**
 * Kamailio as the far side: challenges, checks the digest and answers, without state.
 * Used where a driver needs something real to dial that is not Patchbay.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Running, pause, start } from "./process";
import { type Line, ownAddress, ownFolder } from "./place";

export interface Kamailio {
  line: Line;
  run: Running;
}

export async function startKamailio(digest: "MD5" | "SHA-256", limitMs: number): Promise<Kamailio> {
  const folder = ownFolder("kamailio");
  const line: Line = { endpoint: `${ownAddress()}:5060`, username: "carrier", password: "right password" };
  const filled: Record<string, string> = {
    address: line.endpoint,
    digest,
    username: line.username,
    password: line.password,
    children: "2",
    audio: "40000",
  };
  const template = readFileSync(join(__dirname, "kamailio", "answer.cfg"), "utf8");
  const path = join(folder, "answer.cfg");
  writeFileSync(path, template.replace(/\{\{(\w+)\}\}/g, (_, word: string) => filled[word] ?? ""));
  mkdirSync(join(folder, "run"));
  // -DD keeps it in the foreground, -E on stderr, -Y gives it a run folder of its own.
  const run = start("kamailio", ["-f", path, "-DD", "-E", "-Y", join(folder, "run"), "-P", join(folder, "pid")], {
    cwd: folder,
    limitMs,
  });
  await run.says(/Listening on[^]*Aliases/, 5_000);
  await pause(300);
  return { line, run };
}
