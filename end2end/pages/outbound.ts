/** Outbound trunks and transfer destinations, as a person makes, changes and removes them. */
import { type Locator, type Page, expect } from "@playwright/test";

export interface NewTrunk {
  name: string;
  host: string;
  callerNumber: string;
  username?: string;
  password?: string;
}

export class Outbound {
  constructor(readonly page: Page) {}

  async openNew(): Promise<void> {
    await this.page.goto("/settings/sip");
    await this.page.getByRole("main").getByRole("link", { name: "Add Outbound Trunk" }).first().click();
    await expect(this.page.getByRole("heading", { level: 1, name: "Add Outbound Trunk" })).toBeVisible();
  }

  async fill({ name, host, callerNumber, username, password }: NewTrunk): Promise<void> {
    const { page } = this;
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("SIP host").fill(host);
    await page.getByLabel("Caller ID number").fill(callerNumber);
    const digest = page.getByRole("group", { name: "Digest authentication" });
    await digest.getByLabel(username ? "On" : "Off").check();
    if (username) await page.getByLabel("Username").fill(username);
    if (password) await page.getByLabel("Password").fill(password);
  }

  /** The agent calls by the trunk of this name, however its health is said beside it. */
  async choose(agent: string, trunk: string): Promise<void> {
    await this.page.goto(`/channels/phone/agents/${agent}`);
    const select = this.page.getByLabel("Outbound trunk");
    const option = select.getByRole("option", { name: new RegExp(`^${trunk} `) });
    await select.selectOption((await option.getAttribute("value"))!);
    await this.page.getByRole("button", { name: "Save trunk" }).click();
    await expect(this.page.getByRole("status").filter({ hasText: "outbound trunk is saved" })).toBeVisible();
  }

  /** The codecs, best first, as the list shows them. */
  async prefers(codecs: string): Promise<void> {
    const { page } = this;
    const more = page.locator("details").filter({ has: page.getByLabel("Codecs") });
    if (!(await more.evaluate((details: HTMLDetailsElement) => details.open))) await more.locator("summary").click();
    await page.getByLabel("Codecs").selectOption({ label: codecs });
  }

  async create(): Promise<void> {
    await this.page.getByRole("button", { name: "Create Trunk" }).click();
  }

  /** Without JavaScript by a button; with it there is none, because the preview follows the typing. */
  async look(withButton: boolean): Promise<void> {
    const button = this.page.getByRole("button", { name: "Show what we will send" });
    if (withButton) await button.click();
    else await expect(button).toBeHidden();
  }

  async save(): Promise<void> {
    await this.page.getByRole("button", { name: "Save changes" }).click();
  }

  get preview(): Locator {
    return this.page.getByRole("region", { name: "What we will send" });
  }

  /** The question, or why there is none. */
  async askToDelete(): Promise<Locator> {
    await this.page.getByRole("link", { name: "Delete trunk" }).click();
    return this.page.locator("#question");
  }

  /** A destination made on its own page. */
  async createDestination(name: string, number: string): Promise<void> {
    const { page } = this;
    await page.goto("/channels/phone/destinations");
    await page.getByRole("main").getByRole("link", { name: "Add destination" }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByRole("group", { name: "Type" }).getByLabel("Phone").check();
    await page.getByLabel("Phone number or SIP URI").fill(number);
    await page.getByRole("button", { name: "Create destination" }).click();
  }
}
