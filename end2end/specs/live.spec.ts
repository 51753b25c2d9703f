/**
 * A call placed from the agent's page by a trunk to a real telephone, followed live, handed on from its own page to a
 * second telephone, and its end in the Inbox.
 */
import { Console } from "../pages/console";
import { Outbound } from "../pages/outbound";
import { DeskPhone } from "../peers/baresip";
import { clearFolders } from "../peers/place";
import { measure, toneSeconds } from "../peers/sound";
import { expect, test } from "../fixtures/server";

const CALLER_ID = "+14155550100";
const CUSTOMER = "+14155550177";
const [CUSTOMER_TONE, SALES_TONE] = [500, 1_000];

test.afterAll(clearFolders);

test("an operator calls, hands the call on, and sees its end", async ({ admin }) => {
  test.setTimeout(150_000);
  const walk = new Console(admin);
  const out = new Outbound(admin);
  const customer = await DeskPhone.start(CUSTOMER, CUSTOMER_TONE, 120_000);
  const sales = await DeskPhone.start("sales", SALES_TONE, 120_000);
  try {
    const agent = await walk.createAgent({ name: "Front desk", firstMessage: "Hello, this is Front desk." });
    await out.openNew();
    await out.fill({ name: "Acme", host: customer.host, callerNumber: CALLER_ID });
    await out.create();
    await out.choose(agent, "Acme");
    const transfers = walk.part("Transfers");
    await transfers.getByRole("link", { name: "Add a new destination" }).click();
    await admin.getByLabel("Name", { exact: true }).fill("Sales");
    await admin.getByRole("group", { name: "Type" }).getByLabel("SIP").check();
    await admin.getByLabel("Phone number or SIP URI").fill(`sip:sales@${sales.at}`);
    await admin.getByRole("button", { name: "Create destination" }).click();
    await expect(transfers.getByRole("row", { name: "Sales" })).toBeVisible();

    // Somebody else watches the Inbox meanwhile.
    const inbox = await admin.context().newPage();
    await inbox.goto("/inbox?view=live");
    await expect(inbox.getByText("No calls yet.")).toBeVisible();

    await admin.getByLabel("Number to call").fill(CUSTOMER);
    await admin.getByRole("button", { name: "Call now" }).click();
    await customer.answers();
    const page = admin.getByRole("main");
    await expect(admin.getByRole("heading", { level: 1 })).toContainText("Call from");
    await expect(page).toContainText("In progress");
    const call = new URL(admin.url()).pathname;
    const live = inbox.getByRole("table", { name: "Calls" }).getByRole("row").filter({ hasText: "+1 415 555 0177" });
    await expect(live).toContainText("In progress", { timeout: 15_000 });

    // The form came by itself, with the answer.
    const transfer = walk.part("Transfer");
    await transfer.getByLabel("Hand this call on to").selectOption("Sales");
    await transfer.getByRole("button", { name: "Transfer call" }).click();
    await expect(admin.getByRole("status").filter({ hasText: "The transfer is under way." })).toBeVisible();
    await sales.answers();
    await expect(page.getByRole("list", { name: "Transfers" })).toContainText("To Salestaken");
    await admin.waitForTimeout(2_000);

    sales.hangUp();
    await expect(page).toContainText("Answered by Front desk", { timeout: 15_000 });
    await expect(transfer).toHaveCount(0);
    expect(new URL(admin.url()).pathname).toBe(call);
    const [told, heard] = [await sales.stop(), await customer.stop()];
    const level = (sound: typeof told, hertz: number): number => toneSeconds(sound!.channels[0], sound!.rate, hertz);
    expect(level(told, CUSTOMER_TONE), "Sales hears the customer").toBeGreaterThan(1);
    expect(level(heard, SALES_TONE), "the customer hears Sales").toBeGreaterThan(1);
    expect(measure(heard!.channels[0], heard!.rate).loudSeconds, "and the agent before").toBeGreaterThan(1.5);

    await inbox.goto("/inbox");
    const ended = inbox.getByRole("table", { name: "Calls" }).getByRole("row").filter({ hasText: "+1 415 555 0177" });
    await expect(ended).toContainText("Answered");
    await expect(ended).toContainText("Handed on");
  } finally {
    await Promise.all([customer.stop(), sales.stop()]);
  }
});
