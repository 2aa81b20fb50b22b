using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>tools/fetch_data.py on a manifest with one small file.</summary>
public sealed class FetchDataTests : IDisposable
{
    static readonly byte[] s_content = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * i / 7))];
    static readonly byte[] s_gzip = Gzip(s_content, CompressionLevel.SmallestSize);

    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_is_what_the_manifest_says_is_put_in_place_and_then_left_alone()
    {
        Manifest("tiny.gz", "content", s_content);
        File.WriteAllBytes(_folder.Made("from/tiny.gz"), s_gzip);

        Assert.Equal(0, FetchFrom().ExitCode);
        Assert.Equal(s_gzip, File.ReadAllBytes(_folder.Made("to/tiny/tiny.gz")));

        File.Delete(_folder.Made("from/tiny.gz"));
        Python.Answer again = FetchFrom();
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("tiny/tiny.gz: present", again.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_compression_of_the_same_content_is_the_same_data()
    {
        Manifest("tiny.gz", "content", s_content);
        File.WriteAllBytes(_folder.Made("from/tiny.gz"), Gzip(s_content, CompressionLevel.NoCompression));

        Assert.Equal(0, FetchFrom().ExitCode);
    }

    [Theory]
    [InlineData("content", 40, "expected SHA-256")]
    [InlineData("content", 0.5, "tiny.gz")]
    [InlineData("content", -6, "no whole gzip file")]
    [InlineData("file", 12, "expected SHA-256")]
    [InlineData("file", -1, "expected SHA-256")]
    public void One_flipped_byte_is_refused_and_nothing_is_put_in_place(string digestOf, double position, string message)
    {
        // Stored, not deflated, so that a flip inside changes the content and leaves the gzip frame as it was.
        byte[] good = Gzip(s_content, position == 40 ? CompressionLevel.NoCompression : CompressionLevel.SmallestSize);
        byte[] bad = [.. good];
        bad[position switch { 0.5 => bad.Length / 2, < 0 => bad.Length + (int)position, _ => (int)position }] ^= 1;
        if (position == 40)
            BitConverter.TryWriteBytes(bad.AsSpan(bad.Length - 8), Crc32(Gunzipped(bad)));
        Manifest("tiny.gz", digestOf, digestOf == "file" ? good : s_content);
        File.WriteAllBytes(_folder.Made("from/tiny/tiny.gz"), bad);

        Python.Answer answer = FetchFrom();

        Assert.Equal(3, answer.ExitCode);
        Assert.Contains(message, answer.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Made("to/tiny/any")[..^4]));
    }

    [Fact]
    public void A_damaged_file_that_is_already_there_is_named_not_overwritten()
    {
        Manifest("tiny.gz", "content", s_content);
        File.WriteAllBytes(_folder.Made("from/tiny.gz"), s_gzip);
        File.WriteAllBytes(_folder.Made("to/tiny/tiny.gz"), s_gzip[..^9]);

        Python.Answer answer = FetchFrom();

        Assert.Equal(3, answer.ExitCode);
        Assert.Contains("to fetch it again", answer.Errors, StringComparison.Ordinal);
        Assert.Equal(s_gzip.Length - 9, new FileInfo(_folder.Made("to/tiny/tiny.gz")).Length);
    }

    [Fact]
    public void An_archive_is_unpacked_and_unpacked_again_when_one_of_its_files_has_changed()
    {
        byte[] archive = Archive(("set/one.bin", [1, 2, 3]), ("set/two.bin", [4, 5]));
        Manifest("tiny.tar.gz", "file", archive, ["one.bin", "two.bin"]);
        File.WriteAllBytes(_folder.Made("from/tiny.tar.gz"), archive);

        Assert.Equal(0, FetchFrom().ExitCode);
        Assert.Contains("present", FetchFrom().Errors, StringComparison.Ordinal);
        File.WriteAllBytes(_folder.Made("to/tiny/two.bin"), [4, 6]);
        Assert.Contains("verified", FetchFrom().Errors, StringComparison.Ordinal);

        Assert.Equal([1, 2, 3], File.ReadAllBytes(_folder.Made("to/tiny/one.bin")));
        Assert.Equal([4, 5], File.ReadAllBytes(_folder.Made("to/tiny/two.bin")));
    }

    [Fact]
    public async Task An_interrupted_download_goes_on_where_it_stopped()
    {
        using HttpListener server = Listen(out string address);
        Manifest("tiny.gz", "content", s_content, urls: [address + "tiny.gz"]);
        int half = s_gzip.Length / 2;

        Task<string?> served = Serve(server, s_gzip, 0, half);
        Assert.Equal(2, Fetch().ExitCode);
        Assert.Null(await served);
        Assert.False(File.Exists(_folder.Made("to/tiny/tiny.gz")));

        served = Serve(server, s_gzip, half, s_gzip.Length);
        Assert.Equal(0, Fetch().ExitCode);
        Assert.Equal($"bytes={half}-", await served);
        Assert.Equal(s_gzip, File.ReadAllBytes(_folder.Made("to/tiny/tiny.gz")));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_folder.Made("to/tiny/tiny.gz"))!));
    }

    [Fact]
    public void An_unknown_data_set_is_a_usage_error_that_names_the_known_ones()
    {
        Python.Answer answer = Python.Run("fetch_data.py", "imagenet");

        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("expected names among mnist, fashion-mnist, cifar10, got imagenet", answer.Errors, StringComparison.Ordinal);
    }

    Python.Answer Fetch(params string[] arguments) =>
        Python.Run("fetch_data.py", ["--manifest", _folder.Made("manifest.json"), "--to", Path.GetDirectoryName(_folder.Made("to/any"))!, .. arguments]);

    Python.Answer FetchFrom() => Fetch("--from", Path.GetDirectoryName(_folder.Made("from/any"))!);

    void Manifest(string file, string digestOf, byte[] bytes, string[]? extract = null, string[]? urls = null)
    {
        Dictionary<string, object> download = new()
        {
            ["file"] = file,
            ["urls"] = urls ?? [],
            ["digest_of"] = digestOf,
            ["bytes"] = bytes.Length,
            ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)),
        };
        if (extract is not null)
            download["extract"] = extract;
        object[] manifest = [new { name = "tiny", home = "none", licence = "none", downloads = new[] { download } }];
        File.WriteAllText(_folder.Made("manifest.json"), JsonSerializer.Serialize(manifest));
    }

    static HttpListener Listen(out string address)
    {
        for (int port = 18000 + Environment.ProcessId % 10000; ; port++)
        {
            HttpListener server = new();
            address = $"http://127.0.0.1:{port}/";
            server.Prefixes.Add(address);
            try
            {
                server.Start();
                return server;
            }
            catch (HttpListenerException)
            {
                server.Close();
            }
        }
    }

    /// <summary>Answers one request with file[from..to], promising the whole rest of the file; returns its Range header.</summary>
    static async Task<string?> Serve(HttpListener server, byte[] file, int from, int to)
    {
        HttpListenerContext context = await server.GetContextAsync();
        context.Response.StatusCode = from > 0 ? 206 : 200;
        context.Response.ContentLength64 = file.Length - from;
        await context.Response.OutputStream.WriteAsync(file.AsMemory(from..to));
        await context.Response.OutputStream.FlushAsync();
        if (to < file.Length)
            context.Response.Abort();
        else
            context.Response.Close();
        return context.Request.Headers["Range"];
    }

    static byte[] Gzip(byte[] content, CompressionLevel level)
    {
        using MemoryStream stream = new();
        using (GZipStream gzip = new(stream, level))
            gzip.Write(content);
        return stream.ToArray();
    }

    /// <summary>The content of a gzip member whose check sum may be wrong.</summary>
    static byte[] Gunzipped(byte[] gzip)
    {
        using DeflateStream deflate = new(new MemoryStream(gzip, 10, gzip.Length - 18), CompressionMode.Decompress);
        using MemoryStream content = new();
        deflate.CopyTo(content);
        return content.ToArray();
    }

    static uint Crc32(byte[] bytes)
    {
        uint crc = ~0u;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
        }
        return ~crc;
    }

    static byte[] Archive(params (string Name, byte[] Content)[] files)
    {
        using MemoryStream stream = new();
        using (GZipStream gzip = new(stream, CompressionLevel.SmallestSize))
        using (TarWriter tar = new(gzip))
        {
            foreach ((string name, byte[] content) in files)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        }
        return stream.ToArray();
    }
}
