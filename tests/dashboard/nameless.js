// What can be operated, is a figure or a part of the page, without a name that a screen reader could say.
() => {
  const wanted = "button, select, input, a[href], [role=img], [role=region], [role=group], nav, form, table";
  const name = (one) =>
    one.getAttribute("aria-label")
    || one.labels?.[0]?.textContent.trim()
    || (one.matches("table") ? one.caption?.textContent.trim() : "")
    || (one.matches("button, a") ? one.textContent.trim() : "");
  return Array.from(document.querySelectorAll(wanted))
    .filter((one) => one.checkVisibility() && !name(one))
    .map((one) => one.outerHTML.slice(0, 100));
}
