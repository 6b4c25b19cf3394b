"use strict";
// Swagger UI speaks English only. Its own words, and nothing of ours, are replaced as they appear.
(() => {
  const root = document.getElementById("swagger-ui");
  const words = JSON.parse(root.dataset.words);

  function say(node) {
    // The part before the colon is a field's name.
    const text = node.nodeValue.trim().replace(/^For '.*': /, "");
    if (Object.hasOwn(words, text) && words[text] !== text && !node.parentElement.closest("code, pre, .renderedMarkdown")) {
      node.nodeValue = node.nodeValue.replace(text, words[text]);
    }
  }

  function sayAll(element) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) say(texts.currentNode);
    for (const input of element.querySelectorAll("[placeholder]")) {
      if (Object.hasOwn(words, input.placeholder)) input.placeholder = words[input.placeholder];
    }
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") say(change.target);
      else for (const node of change.addedNodes) {
        if (node.nodeType === Node.TEXT_NODE) say(node);
        else if (node.nodeType === Node.ELEMENT_NODE) sayAll(node);
      }
    }
  }).observe(root, { childList: true, characterData: true, subtree: true });
  sayAll(root);
})();
