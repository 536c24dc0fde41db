// axe-core on the main views in both themes: nothing serious, nothing critical.
import fs from "node:fs";
import {createRequire} from "node:module";

import {expect, open, test} from "./support/fixtures.js";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

async function examine(page) {
  // Evaluated by the debugger: the page's policy lets no foreign script in.
  await page.evaluate(AXE);
  const {violations} = await page.evaluate(() => window.axe.run(document, {resultTypes: ["violations"]}));
  const grave = violations.filter(({impact}) => impact === "serious" || impact === "critical");
  expect(grave.map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`))
    .toEqual([]);
}

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({colorScheme});

    test("overview with a suspect", async ({page, live}) => {
      await open(page, live.url);
      await expect(page.locator(".card")).not.toHaveCount(0, {timeout: 180_000});
      await examine(page);
    });

    test("a process", async ({page, live}) => {
      await page.goto(`${live.url}#/process/${live.leaking}`);
      await expect(page.locator(".status tbody tr").first()).toBeVisible();
      await examine(page);
    });

    test("overview without suspects, and its tables", async ({page, large}) => {
      await open(page, large.url);
      await examine(page);
      for (const tab of ["groups", "containers"]) {
        await page.goto(`${large.url}#/${tab}`);
        await expect(page.locator(".counted")).not.toBeEmpty();
        await examine(page);
      }
    });

    test("a small screen", async ({page, large}) => {
      await page.setViewportSize({width: 320, height: 700});
      await open(page, large.url);
      await examine(page);
    });
  });
}

test.describe("calm", () => {
  test.use({contextOptions: {reducedMotion: "reduce"}});

  test("nothing moves for those who asked for that", async ({page, large}) => {
    await open(page, large.url);
    const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
      const {transitionDuration, animationName} = getComputedStyle(element);
      return transitionDuration !== "0s" || animationName !== "none";
    }).length);
    expect(moving).toBe(0);
  });
});
