using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Writes_a_new_file_and_replaces_an_old_one()
    {
        AtomicFile.WriteText(folder["a.txt"], "ä");
        Assert.Equal([0xc3, 0xa4], File.ReadAllBytes(folder["a.txt"]));
        AtomicFile.Write(folder["a.txt"], [1, 2]);
        Assert.Equal([1, 2], File.ReadAllBytes(folder["a.txt"]));
        Assert.Equal(["a.txt"], folder.Names);
    }

    [Fact]
    public void The_old_content_is_there_until_the_new_is_complete()
    {
        var path = folder.Write("a.bin", [1]);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[1 << 20]);
            stream.Flush();
            Assert.Equal([1], File.ReadAllBytes(path));
            Assert.Equal(2, folder.Names.Length);
        });
        Assert.Equal(1 << 20, new FileInfo(path).Length);
    }

    [Fact]
    public void Writes_of_any_size_arrive_in_order()
    {
        var expected = new MemoryStream();
        var random = new Random(3);
        AtomicFile.Write(folder["a.bin"], stream =>
        {
            foreach (var size in new[] { 1, 0, 262_143, 1, 262_144, 5, 262_145, 100_000, 200_000, 1_000_000, 3 })
            {
                var piece = new byte[size];
                random.NextBytes(piece);
                stream.Write(piece);
                stream.WriteByte(7);
                expected.Write(piece);
                expected.WriteByte(7);
                Assert.Equal(expected.Length, stream.Position);
            }
        });
        Assert.Equal(expected.ToArray(), File.ReadAllBytes(folder["a.bin"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Text_that_is_no_path_is_named(string path)
    {
        Assert.Contains("expected the path of a file", Assert.Throws<InputException>(() => AtomicFile.Write(path, [1])).Message);
        Assert.Contains("expected the path of a file", Assert.Throws<InputException>(() => OnnxModel.Load(path)).Message);
    }

    [Theory]
    [InlineData(28, "a full disk")]
    [InlineData(27, "file-size limit")]
    [InlineData(5, "broken")]
    public void A_failed_write_is_explained_and_leaves_the_old_file_and_nothing_else(int errno, string message)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs errno");
        var path = folder.Write("a.bin", [1]);
        var e = Assert.Throws<InputException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[1 << 20]);
            throw new IOException("broken", errno);
        }));
        Assert.StartsWith($"'{path}': expected ", e.Message);
        Assert.Contains(message, e.Message);
        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Equal(["a.bin"], folder.Names);
    }

    [Fact]
    public void Another_exception_passes_as_it_is_and_leaves_nothing()
    {
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(folder["a.bin"], _ => throw new InvalidOperationException()));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void A_full_device_is_a_full_disk()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var e = Assert.Throws<InputException>(() => AtomicFile.Write(folder["a.bin"], _ => full.Write([1])));
        Assert.Contains("a full disk", e.Message);
        Assert.Empty(folder.Names);
    }

    [Fact]
    public async Task A_pipe_is_written_to_and_stays_a_pipe()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs mkfifo");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", folder["pipe"])) await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        var read = Task.Run(() => File.ReadAllText(folder["pipe"]), TestContext.Current.CancellationToken);
        await Task.Run(() => AtomicFile.WriteText(folder["pipe"], "through"), TestContext.Current.CancellationToken);
        Assert.Equal("through", await read);
        Assert.Equal(["pipe"], folder.Names);
    }

    [Fact]
    public void A_device_is_written_to()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        AtomicFile.WriteText("/dev/null", "gone");
        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.Contains("expected to write to it", Assert.Throws<InputException>(() => AtomicFile.WriteText("/dev/full", "more")).Message);
    }

    [Fact]
    public void A_folder_that_is_missing_or_in_the_way_is_named()
    {
        Assert.Contains($"expected an existing folder '{folder["no"]}'", Assert.Throws<InputException>(() => AtomicFile.Write(folder["no/a.bin"], [1])).Message);
        folder.Folder("sub");
        Assert.Contains("got a folder", Assert.Throws<InputException>(() => AtomicFile.Write(folder["sub"], [1])).Message);
        folder.Write("file", [1]);
        Assert.Throws<InputException>(() => AtomicFile.Write(folder["file/a.bin"], [1]));
        Assert.Equal(["file"], folder.Names);
    }

    [Fact]
    public void A_folder_that_may_not_be_written_is_named()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "needs a user whom permissions bind");
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("needs Unix permissions");
            return;
        }
        var closed = folder.Folder("closed");
        File.SetUnixFileMode(closed.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Contains("got no permission", Assert.Throws<InputException>(() => AtomicFile.Write(closed["a.bin"], [1])).Message);
        File.SetUnixFileMode(closed.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void A_read_only_file_system_is_no_permission()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists("/proc/self"), "needs /proc");
        var e = Assert.Throws<InputException>(() => AtomicFile.Write("/proc/self/a.bin", [1]));
        Assert.StartsWith("'/proc/self/a.bin': expected ", e.Message);
    }

    [Fact]
    public void Creating_does_not_replace()
    {
        var path = folder.Write("a.bin", [1]);
        Assert.Throws<InputException>(() => AtomicFile.Create(path, stream => stream.WriteByte(2)));
        Assert.Equal([1], File.ReadAllBytes(path));
        AtomicFile.Create(folder["b.bin"], stream => stream.WriteByte(2));
        Assert.Equal(["a.bin", "b.bin"], folder.Names);
    }

    [Fact]
    public void A_link_of_that_name_is_replaced_and_its_target_untouched()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights on Windows");
        folder.Write("target.bin", [1]);
        File.CreateSymbolicLink(folder["link.bin"], folder["target.bin"]);
        AtomicFile.Write(folder["link.bin"], [2]);
        Assert.Equal([1], File.ReadAllBytes(folder["target.bin"]));
        Assert.Equal([2], File.ReadAllBytes(folder["link.bin"]));
        Assert.Null(new FileInfo(folder["link.bin"]).LinkTarget);
    }

    [Fact]
    public void A_name_as_long_as_the_system_allows_works()
    {
        var name = new string('n', 250) + ".bin";
        AtomicFile.Write(folder[name], [1]);
        Assert.Equal([name], folder.Names);
    }
}
