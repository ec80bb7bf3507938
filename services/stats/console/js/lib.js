/** The one place that names the vendored libraries. */
import { Component, createElement, createRef, Fragment, render } from "../vendor/preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { batch, computed, effect, signal, untracked } from "../vendor/signals.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(createElement);
export { Component, createRef, Fragment, render };
export { useEffect, useLayoutEffect, useRef, useState };
export { batch, computed, effect, signal, untracked };
