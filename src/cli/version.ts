import packageJson from "../../package.json" with { type: "json" };

/** mallog's version, from its package.json. */
export const VERSION = packageJson.version;
