// Walks one mailed link through a real Chromium: pages_in_chromium.mjs STEPS, where STEPS is JSON:
// {url, password?, repeated?, screenshot?, submit?, dark?}. Prints what the page said, before and after the button, as
// JSON. Scripts are off in the browser, except for the accessibility check, which brings its own.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const steps = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function said(page) {
    return {
        title: await page.title(),
        language: await page.locator("html").getAttribute("lang"),
        heading: await page.locator("h1").innerText(),
        text: await page.locator("main").innerText(),
        alert: (await page.locator("[role=alert]").allInnerTexts()).join("\n"),
        scripts: await page.locator("script").count(),
        color: await page.locator("main").evaluate((main) => getComputedStyle(main).borderTopColor),
        status: page.lastStatus,
    };
}

async function barriers(browser, html, url) {
    const context = await browser.newContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.route("**/*", (route) =>
        route.request().isNavigationRequest() ? route.fulfill({ contentType: "text/html", body: html }) : route.continue());
    await page.goto(url);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    await context.close();
    return found.violations.map((violation) => `${violation.id}: ${violation.help}`);
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
    const context = await browser.newContext({
        javaScriptEnabled: false,
        viewport: { width: 480, height: 560 },
        deviceScaleFactor: 2,
        colorScheme: steps.dark ? "dark" : "light",
        locale: steps.locale ?? "en-GB",
    });
    const page = await context.newPage();
    const outside = [];
    page.on("request", (request) => {
        if (!request.url().startsWith(new URL(steps.url).origin)) outside.push(request.url());
    });
    page.on("response", (response) => {
        if (response.request().isNavigationRequest()) page.lastStatus = response.status();
    });
    await page.goto(steps.url);
    const before = await said(page);
    const violations = await barriers(browser, await page.content(), steps.url);
    if (steps.password !== undefined) {
        await page.fill("#password", steps.password);
        await page.fill("#repeated", steps.repeated ?? steps.password);
    }
    if (steps.screenshot) await page.screenshot({ path: steps.screenshot });
    let after = null;
    if (steps.submit) {
        await Promise.all([page.waitForNavigation(), page.click("button")]);
        after = await said(page);
        violations.push(...(await barriers(browser, await page.content(), steps.url)));
    }
    console.log(JSON.stringify({ before, after, violations, outside }));
} finally {
    await browser.close();
}
