"use strict";
/* How figures, days and names are written. Knows nothing of the data. */

const {
  h, html, render, createContext, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState,
} = htmPreact;

const DASH = "\u2013";
const MINUS = "\u2212";
const NONE = html`<span class="none" aria-label="none">${DASH}</span>`;

const FULL = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

const PLATFORMS = {
  "airplay": "Radio",
  "amazon": "Amazon Music",
  "apple-music": "Apple Music",
  "deezer": "Deezer",
  "instagram": "Instagram",
  "itunes": "iTunes",
  "shazam": "Shazam",
  "soundcloud": "SoundCloud",
  "spotify": "Spotify",
  "tiktok": "TikTok",
  "youtube": "YouTube",
};

const platformName = (code) => PLATFORMS[code] || (code || "").replace(/(^|-)(.)/g, (_, dash, letter) => (dash ? " " : "") + letter.toUpperCase());

/** A number in full, such as 1,234,567. */
const full = (value) => (value < 0 ? MINUS : "") + FULL.format(Math.abs(value));

/** A number for people, such as 1.23M. */
const short = (value) => (value < 0 ? MINUS : "") + (Math.abs(value) < 1000 ? FULL : SHORT).format(Math.abs(value));

/** Numbers of an axis for people, with as many digits as they need to differ. */
function shortTogether(values) {
  for (let digits = 0; digits < 4; digits += 1) {
    const format = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: digits });
    const written = values.map((value) => (value < 0 ? MINUS : "") + format.format(Math.abs(value)));
    if (new Set(written).size === values.length) return written;
  }
  return values.map(full);
}

const signed = (value, write) => (value > 0 ? "+" : "") + write(value);

/** A share, such as 12.3 %. */
const percent = (share, digits = 1) => `${share < 0 ? MINUS : ""}${Math.abs(share * 100).toFixed(Math.abs(share) >= 1 ? 0 : digits)}\u00a0%`;

/* All days and hours are those of UTC. */
const dayOfYear = (date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
const day = (date) => `${dayOfYear(date)} ${date.getUTCFullYear()}`;
const instant = (date) => `${day(date)}, ${date.toISOString().slice(11, 16)} UTC`;

const plural = (count, one, many) => `${full(count)} ${count === 1 ? one : many || one + "s"}`;

/** How long ago an instant is, in the largest unit of which it is more than one. */
function age(from, to) {
  const minutes = (to - from) / 60000;
  if (minutes >= 48 * 60) return `${Math.floor(minutes / 1440)} d`;
  if (minutes >= 120) return `${Math.floor(minutes / 60)} h`;
  return `${Math.max(0, Math.floor(minutes))} min`;
}

const countryName = (code) => {
  try {
    return code ? REGIONS.of(code) : "";
  } catch {
    return code;
  }
};

const languageName = (code) => {
  try {
    return code ? LANGUAGES.of(code) : "";
  } catch {
    return code;
  }
};

const OTHER_LETTERS = { "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th" };

/** A text as it is searched for: without marks on letters, all small. */
const folded = (text) =>
  (text || "").toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[ßæœøđðħıłþ]/g, (letter) => OTHER_LETTERS[letter]);

/** A figure for people, with the figure in full where one points at it. */
function Figure({ value, sign = false, unit = "" }) {
  if (value === null || value === undefined) return NONE;
  const write = (how) => (sign ? signed(value, how) : how(value));
  return html`<span title=${write(full) + (unit && ` ${unit}`)}>${write(short)}</span>`;
}

/** A change as a share, with sign and arrow. */
function Growth({ value }) {
  if (value === null || value === undefined) return NONE;
  const way = value > 0.0005 ? "up" : value < -0.0005 ? "down" : "flat";
  return html`<span class=${way}>${signed(value, percent)}</span>`;
}
