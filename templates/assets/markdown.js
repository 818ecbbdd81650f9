"use strict";
/**
 * A part of Markdown as a tree: headings, paragraphs, lists, quotes, code, rules, tables; within them strong, emphasis, code,
 * links. Nothing in it becomes HTML: the tree has texts, and a link goes to the web, to mail, or to a place of this site.
 *
 * @typedef {{tag: string, children: (Tree | string)[], href?: string}} Tree
 */
runstore.markdown = (() => {
  const { element } = runstore;
  const DEEPEST = 8;
  const INLINE = /(`+)([^`]|[^`].*?[^`])\1(?!`)|\*\*(?=\S)(.+?\S?)\*\*|\*(?=\S)([^*]*[^*\s])\*|(?<![\w])_(?=\S)([^_]*[^_\s])_(?![\w])|~~(?=\S)(.+?)~~|\[([^\]]+)\]\(([^()\s]+)\)|<(https?:\/\/[^\s<>]+)>/;
  const SAFE = /^(https?:\/\/|mailto:|#|\.{0,2}\/|[\w][\w./-]*(?:[?#]|$))/i;

  /** @param {string} text @returns {(Tree | string)[]} */
  function inline(text, depth = 0) {
    const made = [];
    let rest = text;
    while (rest) {
      const found = depth < DEEPEST ? INLINE.exec(rest) : null;
      if (!found) break;
      if (found.index) made.push(rest.slice(0, found.index));
      made.push(span(found, depth + 1));
      rest = rest.slice(found.index + found[0].length);
    }
    if (rest) made.push(rest);
    return made;
  }

  function span([all, , code, strong, star, line, struck, label, href, address], depth) {
    if (code !== undefined) return { tag: "code", children: [code] };
    if (strong !== undefined) return { tag: "strong", children: inline(strong, depth) };
    if (star !== undefined || line !== undefined) return { tag: "em", children: inline(star ?? line, depth) };
    if (struck !== undefined) return { tag: "del", children: inline(struck, depth) };
    const to = href ?? address;
    return SAFE.test(to) ? { tag: "a", href: to, children: inline(label ?? address, depth) } : all;
  }

  const LIST = /^( {0,3})([-*+]|\d{1,9}[.)]) +(.*)$/;
  const FENCE = /^ {0,3}(`{3,}|~{3,})/;
  const HEADING = /^ {0,3}(#{1,6}) +(.*?)(?: +#+)?\s*$/;
  const RULE = /^ {0,3}([-*_])(?: *\1){2,} *$/;
  const TABLE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

  /** @param {string} text @returns {Tree[]} */
  function parse(text, depth = 0) {
    const lines = text.replace(/\r\n?/g, "\n").split("\n");
    const made = [];
    let at = 0;
    while (at < lines.length) {
      const [block, next] = blockAt(lines, at, depth);
      if (block) made.push(block);
      at = next;
    }
    return made;
  }

  /** The block that begins at a line, and where the next one begins. @returns {[?Tree, number]} */
  function blockAt(lines, at, depth) {
    const line = lines[at];
    if (!line.trim()) return [null, at + 1];
    const heading = HEADING.exec(line);
    // The panel's own title is of the third level.
    if (heading) return [{ tag: `h${Math.min(6, heading[1].length + 3)}`, children: inline(heading[2]) }, at + 1];
    if (FENCE.test(line)) return fenced(lines, at);
    if (RULE.test(line)) return [{ tag: "hr", children: [] }, at + 1];
    if (depth < DEEPEST && /^ {0,3}>/.test(line)) return quote(lines, at, depth);
    if (depth < DEEPEST && LIST.test(line)) return list(lines, at, depth);
    if (line.includes("|") && TABLE.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("-")) return table(lines, at);
    return paragraph(lines, at);
  }

  function fenced(lines, at) {
    const mark = FENCE.exec(lines[at])[1];
    let end = at + 1;
    while (end < lines.length && !lines[end].trimStart().startsWith(mark)) end++;
    return [{ tag: "pre", children: [{ tag: "code", children: [lines.slice(at + 1, end).join("\n")] }] }, end + 1];
  }

  function quote(lines, at, depth) {
    let end = at;
    while (end < lines.length && /^ {0,3}>/.test(lines[end])) end++;
    const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ""));
    return [{ tag: "blockquote", children: parse(inner.join("\n"), depth + 1) }, end];
  }

  function list(lines, at, depth) {
    const isOrdered = (line) => /\d/.test(LIST.exec(line)[2]);
    const tag = isOrdered(lines[at]) ? "ol" : "ul";
    const items = [];
    let end = at;
    while (end < lines.length) {
      const isWithin = items.length > 0 && /^(\s{2,}|\t)\S/.test(lines[end]);
      const found = isWithin ? null : LIST.exec(lines[end]);
      if (found && isOrdered(lines[end]) === (tag === "ol")) items.push([found[3]]);
      else if (isWithin) items[items.length - 1].push(lines[end].replace(/^(\t| {2,4})/, ""));
      else break;
      end++;
    }
    const item = (own) => (own.length === 1 ? inline(own[0]) : [...inline(own[0]), ...parse(own.slice(1).join("\n"), depth + 1)]);
    return [{ tag, children: items.map((own) => ({ tag: "li", children: item(own) })) }, end];
  }

  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

  function table(lines, at) {
    let end = at + 2;
    while (end < lines.length && lines[end].includes("|")) end++;
    const row = (line, tag) => ({ tag: "tr", children: cells(line).map((cell) => ({ tag, children: inline(cell) })) });
    const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
    return [{ tag: "table", children: [{ tag: "thead", children: [row(lines[at], "th")] }, { tag: "tbody", children: body }] }, end];
  }

  function paragraph(lines, at) {
    let end = at + 1;
    while (end < lines.length && lines[end].trim() && ![HEADING, FENCE, RULE, LIST, /^ {0,3}>/].some((start) => start.test(lines[end]))) end++;
    return [{ tag: "p", children: inline(lines.slice(at, end).map((line) => line.trim()).join(" ")) }, end];
  }

  /** @param {Tree | string} tree @returns {Node | string} */
  function draw(tree) {
    if (typeof tree === "string") return tree;
    const made = element(tree.tag, {}, ...tree.children.map(draw));
    if (tree.href) Object.assign(made, { href: tree.href, rel: "noopener noreferrer" });
    return made;
  }

  return { parse, draw };
})();
