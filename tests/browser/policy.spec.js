// What is served, and under which policy.
import fs from "node:fs";
import path from "node:path";

import {expect, open, test} from "./support/fixtures.js";
import {REPOSITORY} from "./support/exporter.js";

const ASSETS = path.join(REPOSITORY, "exporter/web/page/assets");

test("the policy is strict", async ({small}) => {
  const {url} = await small.start();
  const response = await fetch(url);
  const policy = new Map(response.headers.get("content-security-policy").split(";").map((part) => {
    const [name, ...values] = part.trim().split(" ");
    return [name, values.join(" ")];
  }));
  expect(policy.get("default-src")).toBe("'none'");
  for (const name of ["script-src", "style-src", "connect-src"]) expect(policy.get(name)).toBe("'self'");
  for (const name of ["base-uri", "form-action", "frame-ancestors"]) expect(policy.get(name)).toBe("'none'");
  expect(policy.get("require-trusted-types-for")).toBe("'script'");
  expect([...policy.values()].join(" ")).not.toMatch(/unsafe|\*|http|data:|blob:/);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test.describe("markup", () => {
  test.use({allowed: /TrustedHTML/});

  test("text that is taken for markup is refused by the browser", async ({page, small}) => {
    const {url} = await small.start();
    await open(page, url);
    const refused = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<b>x</b>";
        return false;
      } catch (error) {
        window.violations = [];
        return error instanceof TypeError;
      }
    });
    expect(refused).toBe(true);
    await page.evaluate(() => new Promise((resolve) => setTimeout(() => resolve((window.violations = [])))));
  });
});

test("every file is served as it lies in the tree, and nothing in it leads elsewhere", async ({small}) => {
  const {url} = await small.start();
  const names = fs.readdirSync(ASSETS);
  expect(names).toContain("index.html");
  const index = fs.readFileSync(path.join(ASSETS, "index.html"), "utf-8");
  for (const name of names) {
    const text = fs.readFileSync(path.join(ASSETS, name), "utf-8");
    const response = await fetch(name === "index.html" ? url : `${url}assets/${name}`);
    expect(response.status, name).toBe(200);
    expect(await response.text(), name).toBe(text);
    const again = await fetch(response.url, {headers: {"If-None-Match": response.headers.get("etag")}});
    expect(again.status, name).toBe(304);
    // The namespace of SVG is a name, not an address.
    expect(text.replaceAll("http://www.w3.org/2000/svg", ""), name).not.toMatch(/https?:|\/\/[a-z]+\./);
    if (name.endsWith(".js")) {
      expect(index, `${name} is loaded with the others, not after them`).toContain(`assets/${name}`);
      expect(text, name).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
    }
  }
  expect(index).not.toMatch(/ style=| on[a-z]+=|<style|<script(?![^>]* src=)/);
});

test("--no-web.ui serves none of it", async ({small}) => {
  const {url} = await small.start("--no-web.ui");
  for (const name of ["", ...fs.readdirSync(ASSETS).map((file) => `assets/${file}`), "api/v1/node", "api/v1/processes",
    "api/v1/processes/500", "api/v1/groups", "api/v1/cgroups", "api/v1/oom-kills"]) {
    expect((await fetch(url + name)).status, name).toBe(404);
  }
  for (const name of ["metrics", "-/healthy", "-/ready"]) expect((await fetch(url + name)).status, name).toBe(200);
});

test.describe("without JavaScript", () => {
  test.use({javaScriptEnabled: false});

  test("the way to the metrics and the API is told", async ({page, small}) => {
    const {url} = await small.start();
    await page.goto(url);
    await expect(page.getByRole("heading", {name: "This page needs JavaScript"})).toBeVisible();
    for (const address of ["metrics", "api/v1/node", "api/v1/processes?limit=10"]) {
      await expect(page.locator(`main a[href="${address}"]`).first()).toBeVisible();
      expect((await fetch(url + address)).status, address).toBe(200);
    }
  });
});

test("another telemetry path", async ({page, small}) => {
  const {url} = await small.start("--web.telemetry-path=/a/b");
  await open(page, url);
  const link = page.getByRole("link", {name: "Metrics"});
  await expect(link).toHaveAttribute("href", "./a/b");
  expect((await fetch(new URL("./a/b", url))).status).toBe(200);
});
