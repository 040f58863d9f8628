"use strict";
// The page says everything without this file; it adds the night's status, tips over the charts,
// the choice of cohorts and a remembered language.
(() => {
  const KEY = "desilo.language";
  const page = document.documentElement;

  const remembered = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const remember = (language) => {
    try { localStorage.setItem(KEY, language); } catch { /* private mode: nothing is kept */ }
  };

  // Only the first page decides: whoever follows a link to the other one has chosen.
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) remember(asked);
  const wanted = asked || remembered()
    || ((navigator.language || "").toLowerCase().startsWith("zh") ? "zh" : "en");
  if (page.dataset.entry === "true" && wanted !== page.lang.slice(0, 2)) {
    location.replace(`${page.dataset.other}${location.hash}`);
    return;
  }

  document.addEventListener("DOMContentLoaded", () => {
    showNight();
    offerCohorts();
    showTips();
    rememberLanguage();
  });

  function element(name, text, className) {
    const node = document.createElement(name);
    if (text) node.textContent = text;
    if (className) node.className = className;
    return node;
  }

  function showNight() {
    const status = window.DESILO_STATUS;
    const attempt = status && status.last_attempt;
    const banner = document.getElementById("night");
    if (!attempt || !banner || attempt.result === "published") return;
    const words = banner.dataset;
    const isPutBack = attempt.result === "rolled back";
    const title = { blocked: words.blocked, "rolled back": words.rolledBack }[attempt.result];
    banner.append(element("h2", title || words.failed));
    banner.classList.toggle("put-back", isPutBack);
    if (!isPutBack) banner.append(element("p", words.shown.replace("{day}", attempt.day)));
    const reasons = attempt.reasons || [];
    if (reasons.length) {
      const list = element("ul");
      list.setAttribute("aria-label", words.reasons);
      for (const reason of reasons) {
        const item = element("li");
        item.append(element("code", reason.check_name));
        if (reason.details) item.append(` ${reason.details}`);
        list.append(item);
      }
      banner.append(list);
    }
    // a release is two folders below the status file, whose links start beside it
    if (attempt.docs && !/^[a-z]+:|^\//i.test(attempt.docs)) {
      const link = element("a", words.docs);
      link.href = `../../${attempt.docs}`;
      banner.append(link);
    }
    banner.hidden = false;
  }

  function offerCohorts() {
    const choice = document.getElementById("cohort-choice");
    if (!choice) return;
    const show = () => {
      for (const grid of document.querySelectorAll("[data-grid]")) {
        grid.hidden = grid.dataset.grid !== choice.value;
      }
    };
    choice.closest("label").hidden = false;
    choice.addEventListener("change", show);
    show();
  }

  function showTips() {
    const tip = element("div", "", "tip");
    tip.setAttribute("aria-hidden", "true");
    document.body.append(tip);
    const hide = () => { tip.hidden = true; };
    hide();
    for (const chart of document.querySelectorAll("svg.chart")) {
      chart.addEventListener("pointermove", (event) => {
        const text = event.target.dataset && event.target.dataset.tip;
        if (!text) return hide();
        tip.textContent = text;
        tip.hidden = false;
        const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
        tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, room))}px`;
        tip.style.top = `${event.clientY + 18}px`;
      });
      chart.addEventListener("pointerleave", hide);
    }
  }

  function rememberLanguage() {
    const link = document.querySelector("a[data-language]");
    if (link) link.addEventListener("click", () => remember(link.dataset.language));
  }
})();
