/** axe on a page. Its types come with a Playwright of its own, newer than the one that still runs on Node 18. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

type ItsPage = ConstructorParameters<typeof AxeBuilder>[0]["page"];

export function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page: page as unknown as ItsPage });
}
