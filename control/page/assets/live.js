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

  // key is what an element is known by among those beside it, or null.
  function key(node) {
    const name = node.nodeType === 1 && (node.id || node.getAttribute("data-key"));
    return name ? `${node.nodeName} ${name}` : null;
  }

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

  // staying returns as many nodes as possible that need not move: the longest part of list, which is in the new order, that
  // is in the order of old, too. A node that moves loses its selection.
  function staying(old, list) {
    const place = new Map([...old.childNodes].map((node, i) => [node, i]));
    const best = list.map(() => ({ length: 1, before: -1 }));
    let last = -1;
    list.forEach((node, i) => {
      for (let j = 0; j < i; j++) {
        if (place.get(list[j]) < place.get(node) && best[j].length >= best[i].length) {
          best[i] = { length: best[j].length + 1, before: j };
        }
      }
      if (last < 0 || best[i].length > best[last].length) {
        last = i;
      }
    });
    const nodes = new Set();
    for (; last >= 0; last = best[last].before) {
      nodes.add(list[last]);
    }
    return nodes;
  }

  // children makes those of old the ones of fresh. What has a key keeps its element wherever it goes; the rest goes by its
  // place.
  function children(old, fresh) {
    const keyed = new Map();
    const wanted = new Set([...fresh.childNodes].map(key).filter(Boolean));
    for (const child of [...old.childNodes]) {
      const k = key(child);
      if (k && (keyed.has(k) || !wanted.has(k))) {
        child.remove();
      } else if (k) {
        keyed.set(k, child);
      }
    }
    const stays = staying(old, [...wanted].map((k) => keyed.get(k)).filter(Boolean));
    let at = old.firstChild;
    const moves = (node) => node !== null && key(node) !== null && !stays.has(node);
    const drop = () => {
      const node = at;
      at = at.nextSibling;
      if (!moves(node)) {
        node.remove();
      }
    };
    for (const next of fresh.childNodes) {
      while (moves(at)) {
        at = at.nextSibling; // its turn comes
      }
      const k = key(next);
      const match = k ? keyed.get(k) : at && !key(at) && at.nodeName === next.nodeName ? at : null;
      keyed.delete(k);
      if (!match) {
        old.insertBefore(document.importNode(next, true), at);
        continue;
      }
      if (moves(match)) {
        if (old.moveBefore) {
          old.moveBefore(match, at); // keeps focus, too
        } else {
          old.insertBefore(match, at);
        }
      } else {
        while (at !== match) {
          drop();
        }
        at = at.nextSibling;
      }
      morph(match, next);
    }
    while (at) {
      drop();
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
