(() => {
  const find = (selector) => document.querySelector(selector);
  const store = (key, value) => { try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return null; } };

  // Buttons that work only with a script.
  for (const button of document.querySelectorAll("[data-copy], [data-copy-from]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const { copy, copyFrom } = button.dataset;
      try {
        const text = copy ? find(copy).textContent : await (await fetch(location.origin + copyFrom)).text();
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied: the browser does not allow it";
      }
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  }

  // Keys. They can be switched off, because speech input types letters too.
  const keys = find("#keys");
  const enabled = find("#keys-enabled");
  enabled.checked = store("keys") !== "off";
  enabled.addEventListener("change", () => store("keys", enabled.checked ? "on" : "off"));
  find("#keys-open").hidden = false;
  find("#keys-open").addEventListener("click", () => keys.showModal());
  const links = () => [...document.querySelectorAll("[data-row] a")];
  const move = (step) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))]?.focus();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const row = document.activeElement?.closest("[data-row]");
    const actions = {
      j: () => move(1),
      k: () => move(-1),
      r: () => { const link = row ? row.dataset.replay : find("[data-replay]")?.dataset.replay; if (link) location.assign(link); },
      "/": () => find("#q")?.focus(),
      "?": () => keys.showModal(),
    };
    const action = event.key === "Escape" ? () => find("[data-up]")?.click() : enabled.checked && actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });

  // New rows. The server renders them; a row that is already here is not added again.
  const live = find("#live");
  if (!live) return;
  const rows = find("#rows tbody");
  const [state, news, pause, refused] = ["#live-state", "#live-news", "#live-pause", "#live-refused"].map(find);
  const policy = globalThis.trustedTypes?.createPolicy("rows", { createHTML: (html) => html }) ?? { createHTML: (html) => html };
  const clock = () => new Date().toTimeString().slice(0, 5);
  let source = null, paused = false, last = live.dataset.after, count = 0, since = null, timer = 0;
  const close = () => { source?.close(); source = null; clearTimeout(timer); };
  const open = () => {
    if (source || paused || document.hidden) return;
    source = new EventSource(`${location.origin}${live.dataset.events}&after=${last}`);
    source.addEventListener("open", () => { since = null; state.textContent = "Live"; });
    source.addEventListener("error", () => {
      since ??= clock();
      state.textContent = `Disconnected since ${since}`;
      // The browser connects again by itself, unless the server has refused.
      if (source?.readyState === EventSource.CLOSED) { close(); timer = setTimeout(open, 5000); }
    });
    source.addEventListener("row", (event) => {
      last = event.lastEventId;
      if (find(`[data-row="${CSS.escape(last)}"]`)) return;
      rows.insertAdjacentHTML("afterbegin", policy.createHTML(event.data));
      count += 1;
      news.textContent = `${count} new`;
      if (rows.rows.length > 500 && !rows.lastElementChild.contains(document.activeElement)) rows.lastElementChild.remove();
    });
    source.addEventListener("refused", (event) => {
      const more = event.data - live.dataset.refused;
      refused.hidden = more <= 0;
      refused.textContent = more === 1 ? "1 request was refused" : `${more} requests were refused`;
    });
    source.addEventListener("more", (event) => {
      last = event.lastEventId;
      news.textContent = "More messages have arrived than are added here; load the page again to see all";
    });
  };
  live.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    close();
    if (paused) state.textContent = `Paused since ${clock()}`;
    open();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pageshow", open);
  addEventListener("pagehide", close);
  open();
})();
