/** A test call from Settings → SIP and from the page of a trunk: its steps, what was heard, and what stopped it. */
import { Console } from "../pages/console";
import { Outbound } from "../pages/outbound";
import { DeskPhone } from "../peers/baresip";
import { clearFolders } from "../peers/place";
import { expect, test } from "../fixtures/server";

const FRONT = "+14155550100";
test.afterAll(clearFolders);

test("a newcomer hears an agent without a carrier, and sees which step fails @both", async ({ admin }) => {
  test.setTimeout(120_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  const part = walk.part("Test call");
  await expect(part).toContainText("Add a number to the trunk first.");
  await walk.addNumbers(FRONT);
  const steps = part.getByRole("list", { name: "Test call" }).getByRole("listitem");
  const place = part.getByRole("button", { name: "Place test call" });

  await part.getByLabel(/^Number to call/).fill("415-555-0100");
  await place.click();
  await expect(part).toContainText("has no country code. Write it like +14155550100.");
  await expect(part.getByLabel(/^Number to call/)).toHaveValue("415-555-0100");
  await part.getByLabel(/^Number to call/).fill("");

  // Nobody answers the number yet.
  await place.click();
  await expect(part).toContainText("The test call to +1 415 555 0100 stopped at the first step that failed.", { timeout: 30_000 });
  await expect(steps).toHaveText([/^INVITE sentPassed/, /^Signed inPassedMain/, /^Agent foundFailed/, /^AnsweredSkipped/, /^Sound heardSkipped/]);
  await part.getByRole("link", { name: "Open the answering side" }).click();
  await expect(walk.part("Why it was refused")).toContainText("has no agent, and there is no default agent");

  const agent = await walk.createAgent({ name: "Front desk", firstMessage: "Hello, how can I help?" });
  await walk.assign(agent, FRONT);
  await admin.goto("/settings/sip");
  await place.click();
  await expect(part).toContainText("The test call to +1 415 555 0100 passed every step.", { timeout: 30_000 });
  await expect(steps).toHaveText([
    /^INVITE sentPassed127\.0\.0\.1:\d+.*, after \d+ ms$/,
    /^Signed inPassedMain$/,
    /^Agent foundPassedFront desk$/,
    /^AnsweredPassedafter \d+ ms$/,
    /^Sound heardPassedafter \d+ ms$/,
  ]);
  const recording = await part.getByLabel("What the caller heard").getAttribute("src");
  const file = await admin.request.get(recording!);
  expect(file.headers()["content-type"]).toContain("audio/");
  expect((await file.body()).length).toBeGreaterThan(16_000);
  // The address keeps it.
  await admin.reload();
  await expect(steps).toHaveCount(5);
  await part.getByRole("link", { name: "Open the call" }).click();
  await expect(admin.getByRole("main")).toContainText("Answered after");

  await admin.goto("/");
  const list = admin.getByRole("list", { name: "Set up" });
  await expect(list.getByRole("listitem").filter({ hasText: "Place a test call" })).toContainText("Done");
});

test("a trunk is tried with a call to a telephone, within its guards @both", async ({ admin }) => {
  test.setTimeout(120_000);
  const walk = new Console(admin);
  const out = new Outbound(admin);
  const phone = await DeskPhone.start("+14155550177", 440, 90_000);
  try {
    await out.openNew();
    await out.fill({ name: "Acme", host: phone.host, callerNumber: FRONT });
    await out.create();
    const part = walk.part("Test call");
    await expect(part).toContainText("Every limit of the trunk applies.");
    await part.getByRole("button", { name: "Place test call" }).click();
    await expect(part).toContainText("Enter a value.");
    await part.getByLabel("Number to call").fill("+33123456789");
    await part.getByRole("button", { name: "Place test call" }).click();
    await expect(part).toContainText("The trunk may not call France.");
    await part.getByLabel("Number to call").fill("+14155550177");
    await part.getByRole("button", { name: "Place test call" }).click();
    await expect(part).toContainText("The test call to +1 415 555 0177 passed every step.", { timeout: 30_000 });
    await expect(part.getByRole("list", { name: "Test call" }).getByRole("listitem")).toHaveText([
      new RegExp(`^INVITE sentPassed${phone.host}:5060`),
      /^Signed inSkipped$/,
      /^Agent foundSkipped$/,
      /^AnsweredPassedafter \d+ ms$/,
      /^Sound heardPassedafter \d+ ms$/,
    ]);
  } finally {
    await phone.stop();
  }
});
