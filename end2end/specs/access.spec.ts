/** People and keys: invited, let in, demoted, removed; made, told once, used, revoked. */
import { expect, test } from "../fixtures/server";
import { AccessPage } from "../pages/access";

const PASSWORD = "another long password";

test("somebody comes in by a link, sees what the role allows, and is removed @both", async ({ admin, server, browser }, info) => {
  const access = new AccessPage(admin);
  const link = await access.invite("bo@example.com", "Viewer");
  await expect(access.row("bo@example.com")).toContainText("Invited");

  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: info.project.name === "js" });
  const bo = await context.newPage();
  await bo.goto(link);
  await bo.getByLabel("Password").fill("short");
  await bo.getByRole("button", { name: "Save password" }).click();
  await expect(bo.getByRole("alert").first()).toContainText("At least 12 characters");
  await bo.getByLabel("Password").fill(PASSWORD);
  await bo.getByRole("button", { name: "Save password" }).click();
  await expect(bo.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  const answer = await bo.goto("/settings/access");
  expect(answer?.status()).toBe(403);
  await expect(bo.getByRole("alert")).toContainText("Ask an administrator");
  await bo.goto(link);
  await bo.getByLabel("Password").fill(PASSWORD);
  await bo.getByRole("button", { name: "Save password" }).click();
  await expect(bo.getByRole("alert").first()).toContainText("not valid any more");

  await access.open();
  await access.row("bo@example.com").getByRole("link", { name: "Change role" }).click();
  await admin.getByRole("region", { name: "Change the role of bo@example.com?" }).getByLabel("Operator").check();
  await admin.getByRole("button", { name: "Change role" }).click();
  await expect(access.row("bo@example.com")).toContainText("Operator");
  await bo.goto("/");
  await expect(bo).toHaveURL(/sign-in/);

  await access.row("bo@example.com").getByRole("link", { name: "Remove" }).click();
  await admin.getByRole("button", { name: "Remove user" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "removed and signed out" })).toBeVisible();
  await expect(access.row("bo@example.com")).toHaveCount(0);
  await context.close();
});

test("the only administrator stays @both", async ({ admin }) => {
  const access = new AccessPage(admin);
  await access.open();
  await access.row("ada@example.com").getByRole("link", { name: "Remove" }).click();
  await admin.getByRole("button", { name: "Remove user" }).click();
  await expect(admin.getByRole("main")).toContainText("This is the only administrator who can sign in.");
  await expect(access.row("ada@example.com")).toContainText("You");
});

test("a key is told once, works, shows its use and is revoked @both", async ({ admin, server }) => {
  const access = new AccessPage(admin);
  const key = await access.createKey("ci", "sip:read");
  expect(key).toMatch(/^pb_live_/);
  await expect(access.keys).toContainText("Copy it now; it is not shown again.");
  const curl = await access.keys.locator("pre").first().textContent();
  const path = new URL(/https?:\S+/.exec(curl ?? "")?.[0] ?? "").pathname;
  const call = (): Promise<Response> => fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  expect((await call()).status).toBe(200);

  await access.open();
  await expect(admin.getByRole("main")).not.toContainText(key);
  await expect(access.row("ci")).toContainText("just now");
  await access.row("ci").getByRole("link", { name: "Revoke key" }).click();
  await expect(admin.getByRole("region", { name: "Revoke key ci?" })).toContainText("Scripts using it stop at once. Last used");
  await admin.getByRole("button", { name: "Revoke key" }).click();
  await expect(access.keys).toContainText("No keys yet.");
  expect((await call()).status).toBe(401);
});

test("a key without name or scope is refused with what is missing @both", async ({ admin }) => {
  const access = new AccessPage(admin);
  await access.open();
  await access.keys.getByText("Create key").first().click();
  await access.keys.getByRole("button", { name: "Create key" }).click();
  await expect(access.keys.getByRole("alert")).toContainText("There are 2 problems");
  await expect(access.keys.getByRole("group", { name: "Scopes" })).toContainText("Enter a value.");
});

test("the audit says who changed what, and is filtered @both", async ({ admin }) => {
  const access = new AccessPage(admin);
  await access.createKey("nightly", "calls:read");
  await access.invite("cy@example.com", "Operator");
  await admin.goto("/settings/audit");
  const rows = admin.getByRole("table", { name: "Audit" }).getByRole("row");
  await expect(rows.nth(1)).toContainText("Added user cy@example.com");
  await expect(rows.nth(1)).toContainText("ada@example.com");
  await admin.getByLabel("Thing", { exact: true }).fill("NIGHT");
  await admin.getByRole("button", { name: "Filter" }).click();
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toContainText("Made key nightly");
  await rows.nth(1).getByText("Values").click();
  await expect(rows.nth(1)).toContainText("calls:read");
  await admin.getByLabel("Person or key").fill("nobody");
  await admin.getByRole("button", { name: "Filter" }).click();
  await expect(admin.getByRole("main")).toContainText("No changes match.");
  await admin.getByRole("link", { name: "Remove filter Person or key: nobody" }).click();
  await expect(rows).toHaveCount(2);
  const wrong = await admin.goto("/settings/audit?from=yesterday");
  expect(wrong?.status()).toBe(422);
  await expect(admin.getByRole("alert")).toContainText("yesterday is none of the choices");
});

test("System tells the ports to open and how long things are kept @both", async ({ admin, server }) => {
  await admin.goto("/settings/system");
  const listens = admin.getByRole("table", { name: "SIP listens on" });
  await expect(listens).toContainText(`127.0.0.1:${server.sipPort}`);
  await expect(admin.getByRole("region", { name: "Addresses and ports" })).toContainText(`UDP ${server.sipPort}`);
  await expect(admin.getByRole("region", { name: "This console" })).toContainText("ssh -L");
  await expect(admin.getByRole("region", { name: "Storage and retention" })).toContainText(/\d [kMGT]?B of .* left/);
  await expect(admin.getByRole("table", { name: "Kept for" })).toContainText("365 days");
});

test.describe("where less room is left than the operator wants", () => {
  test.use({ settings: { PATCHBAY_MEDIA__LOW_DISK_MB: "4000000000" } });

  test("the overview warns and leads to the disk @both", async ({ admin }) => {
    await admin.goto("/");
    const warning = admin.getByText(/^Only \d+ MB are left on the disk\. Recordings stop when it is full\.$/);
    await expect(warning).toBeVisible();
    await admin.getByRole("main").getByRole("link", { name: "What to do" }).first().click();
    await expect(admin).toHaveURL(/\/settings\/system#storage$/);
    await expect(admin.getByRole("region", { name: "Storage and retention" })).toContainText("left");
  });
});

test("the guide is filtered, and Help opens the row that fits the page @both", async ({ admin }) => {
  await admin.goto("/settings/access");
  await admin.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Troubleshooting" }).first().click();
  await expect(admin).toHaveURL(/#guide-api$/);
  await admin.getByLabel("Find in the guide").fill("G.729");
  await admin.getByRole("region", { name: "Guide by symptom" }).getByRole("button", { name: "Filter" }).click();
  const guide = admin.getByRole("table", { name: "Guide by symptom" });
  await expect(guide.getByRole("row")).toHaveCount(2);
  await expect(guide).toContainText("488, no common codec");
  await expect(admin.getByRole("region", { name: "What is wrong?" })).toContainText("Nothing arrives");
});
