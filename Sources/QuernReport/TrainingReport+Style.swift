extension TrainingReport {
  /// The page's style sheet. It has no `<` and `&`, which XML would take for markup.
  ///
  /// In dark mode drawings are inverted and their hues turned back: a white background becomes dark,
  /// and blue stays blue.
  static let style = """
    :root {
      color-scheme: light dark;
      --page: #f4f6f8; --card: #ffffff; --ink: #1f2933; --muted: #52606d; --line: #dde3e9;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #0e0e0e; --card: #181818; --ink: #e6e6e6; --muted: #a3a3a3; --line: #303030;
      }
      .drawing svg { filter: invert(0.905) hue-rotate(180deg); }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 88rem; background: var(--page);
      color: var(--ink); line-height: 1.5;
      font-family: Inter, "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif;
    }
    h1 { font-size: 1.7rem; margin: 0; }
    h2 { font-size: 1.2rem; margin: 0 0 0.75rem; }
    p { margin: 0 0 1rem; max-width: 75ch; }
    .muted { color: var(--muted); }
    section {
      margin-top: 1.25rem; padding: 1.25rem; background: var(--card);
      border: 1px solid var(--line); border-radius: 10px;
    }
    .tiles { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 0; padding: 0; list-style: none; }
    .tiles li {
      padding: 0.75rem 1.1rem; min-width: 9rem; background: var(--card);
      border: 1px solid var(--line); border-radius: 10px;
    }
    .tiles strong { display: block; font-size: 1.35rem; }
    .tiles span { color: var(--muted); font-size: 0.85rem; }
    .figures { display: flex; flex-wrap: wrap; gap: 1.25rem 2rem; align-items: flex-start; }
    figure { margin: 0; }
    .drawing { max-width: 100%; }
    .plots .drawing { flex: 1 1 27rem; max-width: 40rem; }
    .drawing svg { display: block; max-width: 100%; height: auto; border-radius: 6px; }
    .scroll { overflow-x: auto; max-width: 100%; }
    table { border-collapse: collapse; font-size: 0.9rem; }
    th, td { padding: 0.3rem 0.8rem; text-align: left; border-bottom: 1px solid var(--line); }
    th { color: var(--muted); font-weight: 600; white-space: nowrap; }
    td { white-space: nowrap; }
    tfoot td { font-weight: 600; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    details { margin-top: 1rem; }
    summary { cursor: pointer; color: var(--muted); margin-bottom: 0.5rem; }
    img { image-rendering: pixelated; max-width: 100%; }
    .sheet img { height: auto; border-radius: 6px; }
    .sheet figcaption { margin-top: 0.5rem; color: var(--muted); font-size: 0.9rem; }
    .cards {
      display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 0.75rem;
    }
    .cards figure {
      display: flex; flex-direction: column; align-items: center; gap: 0.5rem; padding: 0.75rem;
      border: 1px solid var(--line); border-radius: 8px; text-align: center;
    }
    .cards figcaption { font-size: 0.85rem; line-height: 1.35; }
    .cards strong, .cards span { display: block; }
    dl {
      display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.5rem; margin: 0;
      font-size: 0.92rem;
    }
    dt { color: var(--muted); }
    dd { margin: 0; overflow-wrap: anywhere; }
    @media print { section { break-inside: avoid; } details { display: none; } }

    """
}
