#!/usr/bin/env node
require("../dist/node/main.js");
