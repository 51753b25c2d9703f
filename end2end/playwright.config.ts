/**
 * Three projects. `sip` needs no browser: real SIP peers against the binary. `js` and `nojs` are the console;
 * a test tagged `@both` runs in both, one tagged `@nojs` only without JavaScript, one without a tag only with it.
 * The browser is the system's (`PATCHBAY_CHROMIUM` names another), never one that Playwright downloads.
 */
import { existsSync } from "node:fs";
import { defineConfig, devices } from "@playwright/test";

const chromium = process.env.PATCHBAY_CHROMIUM ?? "/usr/bin/chromium";

const browser = {
  ...devices["Desktop Chrome"],
  launchOptions: {
    ...(existsSync(chromium) ? { executablePath: chromium } : {}),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
  // Where there is no Chromium of the system's, Chrome itself will do (macOS).
  ...(existsSync(chromium) ? {} : { channel: "chrome" }),
};

export default defineConfig({
  testDir: ".",
  outputDir: "test-results",
  // Two cores: one for the browser, one for the server it talks to.
  workers: Number(process.env.PATCHBAY_WORKERS ?? "2"),
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  // As with the Rust tests: once more, and named as flaky at the end.
  retries: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: { trace: "off", video: "off", screenshot: "only-on-failure", locale: "en-GB", timezoneId: "UTC" },
  projects: [
    { name: "sip", testMatch: ["peers/**/*.spec.ts", "sip/**/*.spec.ts"] },
    { name: "js", testMatch: "specs/**/*.spec.ts", grepInvert: /@nojs/, use: browser },
    { name: "nojs", testMatch: "specs/**/*.spec.ts", grep: /@nojs|@both/, use: { ...browser, javaScriptEnabled: false } },
  ],
});
