/** Filters on a phone fold, say how many are on, and unfold where they are wanted; beside a mouse they stand open. */
import { suitsEverybody } from "../pages/axe";
import { Console } from "../pages/console";
import { expect, test } from "../fixtures/server";

const PAGES = [
  ["/inbox", "number=0100&agent=", 1],
  ["/channels/phone/numbers", "q=0100&show=trunk", 2],
  ["/settings/audit", "who=ada&thing=number", 2],
] as const;

test("filters fold at 390 px and say how many are on @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers("+14155550100", "+14155550177");
  for (const [path, query, count] of PAGES) {
    await admin.setViewportSize({ width: 390, height: 844 });
    await admin.goto(path);
    const main = admin.getByRole("main");
    const field = main.getByRole("search").getByRole("textbox").or(main.getByRole("search").getByRole("searchbox")).first();
    await expect(field).toBeHidden();
    await main.getByText("Filters", { exact: true }).click();
    await expect(field).toBeVisible();
    await admin.goto(`${path}?${query}`);
    await expect(main.getByText(`Filters (${count})`, { exact: true })).toBeVisible();
    await expect(field).toBeHidden();
    await admin.setViewportSize({ width: 1280, height: 800 });
    await expect(field).toBeVisible();
    await expect(main.getByText(/^Filters/)).toBeHidden();
  }
});

test("the slash key unfolds them, and axe minds nothing", async ({ admin }) => {
  test.setTimeout(90_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers("+14155550100");
  await admin.setViewportSize({ width: 390, height: 844 });
  await admin.goto("/channels/phone/numbers");
  await expect(admin.locator("html")).toHaveAttribute("data-awake", "");
  await admin.keyboard.press("/");
  await expect(admin.getByLabel("Number or label")).toBeFocused();
  await suitsEverybody(admin, "numbers");
  // What was done at once is one line that says how many it was.
  await walk.addNumbers("+14155550177", "+14155550178");
  await admin.goto("/");
  await expect(admin.getByRole("region", { name: "Last changes" })).toContainText("Added 2 numbers");
  await expect(admin.getByRole("region", { name: "Last changes" })).toContainText("Added number +14155550100");
});

test("what is not there any more is said under a heading @both", async ({ admin }) => {
  const nobody = "0197c1d2-0000-7000-8000-000000000000";
  for (const path of [`/channels/phone/agents/${nobody}`, `/inbox/${nobody}`, `/settings/sip/outbound/${nobody}`]) {
    const answer = await admin.goto(path);
    expect(answer?.status(), path).toBe(404);
    await expect(admin.getByRole("heading", { level: 1, name: "There is no page here" })).toBeVisible();
    await expect(admin.getByRole("alert")).toBeVisible();
    await expect(admin).toHaveTitle(/^There is no page here · Patchbay$/);
  }
});
