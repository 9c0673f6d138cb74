/** Turns what a program prints on a terminal into an HTML page, for a screenshot in Chromium. */

/** By SGR code: the colours of the HTML report's dark theme. */
const COLOURS: Readonly<Record<number, string>> = {
  31: "#f2957f",
  32: "#6fcaa2",
  33: "#e2c75f",
  34: "#74b0f2",
  35: "#dd93cb",
  36: "#4fc9a2",
};

const STYLE = `
  body { margin: 0; }
  #window {
    width: max-content; border-radius: 9px; background: #15181d; color: #d5dae0;
    font: 15px/1.38 "DejaVu Sans Mono", Menlo, Consolas, monospace;
  }
  #bar { display: flex; gap: 8px; padding: 12px 16px 0; }
  #bar i { width: 12px; height: 12px; border-radius: 50%; background: #3a424d; }
  pre { margin: 0; padding: 12px 24px 22px; font: inherit; }
  .prompt { color: #8b96a3; }
`;

/** A page with a terminal window, the element #window, that shows `command` and its `output`. */
export function terminalPage(command: string, output: string): string {
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>
<div id="window"><div id="bar"><i></i><i></i><i></i></div><pre><span class="prompt">$</span> ${escaped(command)}
${spansOf(output)}</pre></div>`;
}

/**
 * HTML of a text with SGR escape sequences: bold, dim, six colours and their ends, which is what chalk writes here.
 * @throws Error for any other escape sequence
 */
export function spansOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  const [first = "", ...rest] = text.split(/\x1b\[(\d+)m/);
  let html = escaped(first);
  let style = { bold: false, dim: false, colour: "" };
  for (let i = 0; i < rest.length; i += 2) {
    style = after(style, Number(rest[i]));
    const css = [
      style.bold ? "font-weight:bold" : "",
      style.dim ? "opacity:.6" : "",
      style.colour === "" ? "" : `color:${style.colour}`,
    ].filter((one) => one !== "");
    const piece = escaped(rest[i + 1] ?? "");
    html +=
      css.length === 0 || piece === "" ? piece : `<span style="${css.join(";")}">${piece}</span>`;
  }
  if (html.includes("\x1b")) {
    throw new Error("an escape sequence other than SGR");
  }
  return html;
}

interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  /** "" for the default colour */
  readonly colour: string;
}

function after(style: Style, code: number): Style {
  switch (code) {
    case 0:
      return { bold: false, dim: false, colour: "" };
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 39:
      return { ...style, colour: "" };
  }
  const colour = COLOURS[code];
  if (colour === undefined) {
    throw new Error(`SGR ${code} is not supported`);
  }
  return { ...style, colour };
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
