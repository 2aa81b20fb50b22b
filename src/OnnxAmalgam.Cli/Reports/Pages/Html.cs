using System.Globalization;
using System.Xml.Linq;
using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Reports.Pages;

/// <summary>Elements of a page that is HTML and well-formed XML at once: no element but a void one ever closes itself, texts are escaped by the writer.</summary>
internal static class Html
{
    /// <summary>Elements of drawings.</summary>
    public static XNamespace Svg { get; } = "http://www.w3.org/2000/svg";

    /// <summary>A whole page: one file that fetches nothing and runs nothing.</summary>
    public static string Page(string title, XElement body)
    {
        XElement page = Of("html", Has("lang", "en"),
            Of("head",
                new XElement("meta", Has("charset", "utf-8")),
                new XElement("meta", Has("name", "viewport"), Has("content", "width=device-width, initial-scale=1")),
                new XElement("meta", Has("http-equiv", "Content-Security-Policy"), Has("content", "default-src 'none'; style-src 'unsafe-inline'")),
                Of("title", title),
                new XElement("style", PageStyle.Css)),
            body);
        return $"<!DOCTYPE html>\n{page.ToString(SaveOptions.DisableFormatting)}\n";
    }

    /// <summary>An element with attributes, elements and texts; texts may come from anywhere.</summary>
    public static XElement Of(string name, params object?[] content) => new(name, content.Select(Safe), "");

    /// <summary>An attribute; its value may come from anywhere.</summary>
    public static XAttribute Has(string name, string value) => new(name, Printable.Text(value));

    /// <summary>An element of a drawing.</summary>
    public static XElement Draw(string name, params object?[] content) => new(Svg + name, content.Select(Safe));

    /// <summary>A number as it is read, with all its digits beside it for who takes the page apart.</summary>
    public static XElement Number(double value, string format = "0.0000") =>
        Of("data", Has("value", value.ToString("R", CultureInfo.InvariantCulture)), value.ToString(format, CultureInfo.InvariantCulture));

    /// <summary>Two numbers; nothing where they are not known.</summary>
    public static object?[] Interval(double? low, double? high, string format = "0.0000") =>
        low is null ? [] : [Number(low.Value, format), " .. ", Number(high!.Value, format)];

    /// <summary>A table that scrolls by itself where the page is narrow.</summary>
    public static XElement Table(IEnumerable<object?> headings, IEnumerable<XElement> rows) =>
        Of("div", Has("class", "scroll"), Of("table", Of("thead", Of("tr", [.. headings.Select(h => Of("th", Has("scope", "col"), h))])), Of("tbody", [.. rows])));

    /// <summary>A row: a heading, then cells.</summary>
    public static XElement Row(object? heading, params IEnumerable<object?> cells) =>
        Of("tr", [Of("th", Has("scope", "row"), heading), .. cells.Select(c => (object)Of("td", c))]);

    /// <summary>A percentage, for places in a drawing that is as wide as the page.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.###}%");

    static object? Safe(object? content) => content switch
    {
        string text => Printable.Text(text),
        object?[] several => several.Select(Safe),
        _ => content,
    };
}
