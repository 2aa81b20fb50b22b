namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>How pages look: by day and by night, on paper and on a telephone. Nothing is fetched.</summary>
internal static class PageStyle
{
    /// <summary>Without characters that XML escapes.</summary>
    public const string Css = """

        :root { color-scheme: light dark; --ink: #1b2026; --soft: #59636e; --rule: #d8dde3; --ground: #ffffff; --method: #1767a8; --baseline: #a5521a; --on: #ffffff; --t0: #1767a8; --t1: #a5521a; --t2: #2c7d3f; --t3: #8a3a8f; --t4: #8a7210; --t5: #5a6570; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa5b1; --rule: #353d46; --ground: #14181d; --method: #6db3ee; --baseline: #e69a5c; --on: #10151a; --t0: #6db3ee; --t1: #e69a5c; --t2: #7cc78d; --t3: #d490d8; --t4: #d8c25e; --t5: #a9b3bd; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 3rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
        h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
        h3 { font-size: 1rem; font-weight: 600; color: var(--soft); margin: 1.25rem 0 .25rem; }
        figure { margin: 0; }
        p { margin: .5rem 0; max-width: 46rem; }
        .note { color: var(--soft); font-size: .875rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
        th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: top; white-space: nowrap; }
        thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
        th:first-child { position: sticky; left: 0; background: var(--ground); text-align: left; max-width: 16rem; white-space: normal; }
        tbody th { font-weight: 600; }
        table.words th, table.words td { text-align: left; }
        table.words td { white-space: normal; min-width: 6rem; max-width: 20rem; }
        table.words th:first-child { max-width: none; }
        table.pairs th:nth-child(2), table.pairs td:nth-child(2) { text-align: left; }
        td small { display: block; color: var(--soft); font-size: .8rem; }
        td.clear { font-weight: 700; }
        .rank { display: inline-block; min-width: 1.6em; color: var(--soft); font-weight: 400; }
        tr.baseline th { color: var(--baseline); }
        .line { display: grid; grid-template-columns: minmax(8rem, 15rem) 1fr 4rem; column-gap: .75rem; align-items: center; }
        .line .name { font-size: .9rem; line-height: 1.25; }
        .line .value { text-align: right; font-size: .9rem; font-variant-numeric: tabular-nums; }
        .line.baseline .name, .line.baseline .value { color: var(--baseline); }
        svg { display: block; overflow: visible; }
        svg text { font-size: 12px; fill: var(--soft); font-family: inherit; }
        .grid { stroke: var(--rule); stroke-width: 1; }
        .bar { stroke: var(--method); stroke-width: 3; opacity: .5; }
        .cut { stroke: var(--method); stroke-width: 2; stroke-dasharray: 2 2; }
        .seed { stroke: var(--method); stroke-width: 1.5; opacity: .8; }
        .dot { fill: var(--method); }
        .plane .dot { stroke: var(--ground); stroke-width: 1.5; }
        .baseline .bar, .baseline .cut { stroke: var(--baseline); }
        .baseline .dot { fill: var(--ground); stroke: var(--baseline); stroke-width: 2; }
        svg text.inside { fill: var(--on); font-size: 11px; font-weight: 600; }
        .t0 { --own: var(--t0); } .t1 { --own: var(--t1); } .t2 { --own: var(--t2); } .t3 { --own: var(--t3); } .t4 { --own: var(--t4); } .t5 { --own: var(--t5); }
        .curve { fill: none; stroke: var(--own); stroke-width: 2; vector-effect: non-scaling-stroke; }
        .point { fill: var(--own); opacity: .65; }
        .key span { display: inline-block; margin-right: 1.25rem; }
        .key span::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .4em; background: var(--own); }
        table.matrix { font-size: .75rem; border-collapse: separate; border-spacing: 1px; }
        table.matrix th, table.matrix td { padding: .2rem .3rem; border: 0; text-align: center; }
        table.matrix th:first-child { text-align: right; max-width: 10rem; }
        table.matrix thead th { writing-mode: vertical-rl; vertical-align: bottom; text-align: left; max-height: 10rem; }
        table.matrix td { background: color-mix(in srgb, var(--method) var(--share), transparent); min-width: 1.6rem; }
        table.matrix td.miss { background: color-mix(in srgb, var(--baseline) var(--share), transparent); }
        pre { font: .8em/1.45 ui-monospace, monospace; overflow-x: auto; white-space: pre; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; font-size: .9rem; margin: .5rem 0; }
        dt { color: var(--soft); }
        dd { margin: 0; }
        code { font: .85em ui-monospace, monospace; }
        summary { cursor: pointer; }
        @media (max-width: 40rem) {
          .line { grid-template-columns: 1fr 4rem; margin-bottom: .35rem; }
          .line .track { grid-column: 1 / -1; grid-row: 2; }
          .marks .name, .marks .value { display: none; }
          th:first-child { max-width: 9rem; }
          table.words th:first-child { max-width: none; }
          table.words th code { display: block; width: 9rem; overflow-wrap: anywhere; }
          dl { grid-template-columns: 1fr; gap: 0; }
          dd { margin-bottom: .4rem; }
        }

        """;
}
