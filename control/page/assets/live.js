// Keeps the page up to date: fetches it again every few seconds and takes over what differs, element by element, so that
// focus, selection, scroll and what is unfolded stay as they are.
"use strict";

(() => {
  const every = 5000; // ms from one look to the next
  const again = 2000; // ms to the next after a failure
  const patience = 8000; // ms until an answer counts as none
  const away = document.getElementById("away");
  const filter = document.getElementById("filter");
  const updated = document.getElementById("updated");
  const script = document.querySelector("script[src]").getAttribute("src");

  let timer = 0;
  let request = null; // what aborts the fetch under way
  let failures = 0;
  let lastGood = Date.now();

  const key = (node) => (node.nodeType === 1 && (node.id || node.getAttribute("data-key"))) || null;

  // attributes makes those of old the ones of fresh. Whether details are unfolded is the reader's.
  function attributes(old, fresh) {
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) {
        old.removeAttribute(name);
      }
    }
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value) {
        old.setAttribute(name, value);
      }
    }
  }

  // children makes those of old the ones of fresh. What has a key keeps its element wherever it moves; the rest goes by
  // its place.
  function children(old, fresh) {
    const keyed = new Map();
    for (const child of old.childNodes) {
      if (key(child)) {
        keyed.set(key(child), child);
      }
    }
    const wanted = new Set([...fresh.childNodes].map(key).filter(Boolean));
    let at = old.firstChild;
    for (const next of fresh.childNodes) {
      // What is keyed and gone must not be mistaken for its neighbour.
      while (at && key(at) && !wanted.has(key(at))) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      const k = key(next);
      const match = k ? keyed.get(k) : at && !key(at) ? at : null;
      keyed.delete(k);
      if (match && match.nodeName === next.nodeName) {
        if (match === at) {
          at = at.nextSibling;
        } else if (old.moveBefore) {
          old.moveBefore(match, at); // keeps focus, too
        } else {
          old.insertBefore(match, at);
        }
        morph(match, next);
      } else {
        old.insertBefore(document.importNode(next, true), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  }

  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) {
      return;
    }
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) {
        old.nodeValue = fresh.nodeValue;
      }
      return;
    }
    attributes(old, fresh);
    children(old, fresh);
  }

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const main = fresh.getElementById("main");
    if (!main) {
      throw new Error("that is not the page");
    }
    if (fresh.querySelector("script[src]").getAttribute("src") !== script) {
      location.reload(); // the server has another version
      return;
    }
    morph(document.getElementById("main"), main);
    morph(updated, fresh.getElementById("updated"));
    morph(document.querySelector("link[rel=icon]"), fresh.querySelector("link[rel=icon]"));
    if (document.title !== fresh.title) {
      document.title = fresh.title;
    }
  }

  function tellAway() {
    const since = new Date(lastGood).toISOString().slice(11, 19);
    const text = `Not updated since ${since} UTC – the server does not answer. What is below may be old.`;
    if (away.hidden || away.textContent !== text) {
      away.textContent = text;
      away.hidden = false;
    }
    document.body.classList.add("is-old");
  }

  async function look() {
    clearTimeout(timer);
    request?.abort();
    const mine = (request = new AbortController());
    const limit = setTimeout(() => mine.abort(), patience);
    try {
      const answer = await fetch(location.pathname + location.search, { signal: mine.signal, cache: "no-store" });
      if (!answer.ok) {
        throw new Error(`status ${answer.status}`);
      }
      const text = await answer.text();
      if (mine !== request) {
        return; // another look began meanwhile
      }
      take(text);
      failures = 0;
      lastGood = Date.now();
      away.hidden = true;
      document.body.classList.remove("is-old");
    } catch {
      if (mine !== request) {
        return;
      }
      // One look may fail while the server reloads.
      if (++failures > 1) {
        tellAway();
      }
    } finally {
      clearTimeout(limit);
      if (mine === request) {
        plan(failures ? again : every);
      }
    }
  }

  // plan sets the time of the next look; while nobody sees the page there is none.
  function plan(wait) {
    clearTimeout(timer);
    if (!document.hidden) {
      timer = setTimeout(look, wait);
    }
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  window.addEventListener("online", look);

  let typing = 0;
  filter.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const query = filter.value.trim();
      history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname);
      look();
    }, 250);
  });
  filter.parentElement.hidden = false;

  plan(every);
})();
