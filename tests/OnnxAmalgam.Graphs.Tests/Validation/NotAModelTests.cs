using System.Text;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Validation;

public sealed class NotAModelTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("", "an empty file")]
    [InlineData("hello", "text")]
    [InlineData("read me first\n", "text")]
    [InlineData("[config]\nsize = 3\n", "text")]
    [InlineData("<!DOCTYPE html><html><body>404</body></html>", "an HTML or XML page")]
    [InlineData("\uFEFF \n<html>", "an HTML or XML page")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer (run: git lfs pull)")]
    [InlineData("GIF89a\u0001", "a GIF image")]
    [InlineData("%PDF-1.7\u0001", "a PDF")]
    [InlineData("PK\u0003\u0004data", "a ZIP archive (a PyTorch checkpoint?")]
    [InlineData("\u0014\0\0\0ORTM\u0001\0", "a model in ONNX Runtime's own format")]
    [InlineData("\u001c\0\0\0TFL3\u0014\0", "a TensorFlow Lite model")]
    [InlineData("\u0010\0\0\0\0\0\0\0{\"w\":1}", "a safetensors file")]
    public void Other_text_and_formats_are_named(string content, string name) => Refused(Encoding.UTF8.GetBytes(content), name);

    [Fact]
    public void Other_binary_formats_are_named()
    {
        Refused([0x89, .. "PNG\r\n"u8, 0x1a, 0x0a, 0, 0, 0, 13, .. "IHDR"u8], "a PNG image");
        Refused([0xff, 0xd8, 0xff, 0xe0, 0, 16, .. "JFIF"u8], "a JPEG image");
        Refused([0x80, 2, 0x8a, 10, 0x6c, 0xfc], "a Python pickle");
        Refused([0x89, .. "HDF\r\n"u8, 0x1a, 0x0a], "an HDF5 file");
        Refused([0x1f, 0x8b, 8, 0, 0], "a gzip file");
        Refused([0x93, .. "NUMPY"u8, 1, 0], "a NumPy array");
        Refused(new byte[1000], "something else");
        Refused([0xff, 0xff, 0xff, 0xff, 0xff], "something else");
    }

    [Fact]
    public void Random_bytes_are_never_a_model_and_never_another_exception()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            if (i % 2 == 0) bytes[0] = 0x08;
            Assert.Throws<InvalidModelException>(() => OnnxModel.Load(folder.Write("m.onnx", bytes)));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2000)]
    public void Every_truncation_of_a_model_is_refused(int elements)
    {
        var bytes = TinyModel.Add(elements).ToByteArray();
        var step = elements > 100 ? 61 : 1;
        for (var length = 1; length < bytes.Length; length += step)
        {
            var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(folder.Write("cut.onnx", bytes.AsSpan(0, length))));
            Assert.DoesNotContain("not an ONNX file", length > 20 ? e.Message : "");
        }
    }

    [Fact]
    public void A_truncated_file_says_how_much_is_missing_at_least()
    {
        var bytes = TinyModel.Add(2000).ToByteArray();
        var tail = new ModelProto { OpsetImport = { TinyModel.Add().OpsetImport } }.ToByteArray().Length;
        var path = folder.Write("cut.onnx", bytes.AsSpan(0, 1000));
        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path));
        Assert.Equal($"'{path}': expected a whole ONNX file, got one that ends after 1000 bytes, at least {bytes.Length - tail - 1000} too early; copy or export it again", e.Message);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_named()
    {
        Assert.Equal($"'{folder["no.onnx"]}': expected a file, got none of that name", Assert.Throws<InputException>(() => OnnxModel.Load(folder["no.onnx"])).Message);
        Assert.Equal($"'{folder.Path}': expected a file, got a folder", Assert.Throws<InputException>(() => OnnxModel.Load(folder.Path)).Message);
    }

    [Fact]
    public void A_serialised_message_of_another_kind_has_no_graph()
    {
        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(folder.Write("w.pb", TinyModel.Weight("w", 3).ToByteArray())));
        Assert.Contains("expected", e.Message);
        e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(folder.Write("m.onnx", new ModelProto { IrVersion = 8 }.ToByteArray())));
        Assert.Contains("a message without a graph", e.Message);
    }

    [Fact]
    public void Names_that_are_no_UTF_8_are_refused()
    {
        var bytes = TinyModel.Add().ToByteArray();
        var at = bytes.AsSpan().IndexOf("Add_y"u8);
        bytes[at] = 0xff;
        Assert.Contains("got a damaged one", Assert.Throws<InvalidModelException>(() => OnnxModel.Load(folder.Write("m.onnx", bytes))).Message);
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    [InlineData(60, false)]
    [InlineData(500, false)]
    [InlineData(5000, false)]
    public void Graphs_nest_up_to_32_deep(int depth, bool isValid)
    {
        // Serialised from the inside out: the library itself would not go so deep.
        var body = TinyModel.BodyOf("v0", [TinyModel.Node("Identity", ["x"], ["v0"])]).ToByteArray();
        for (var i = 1; i <= depth; i++)
        {
            var attribute = Message(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph }.ToByteArray(), 6, body);
            var node = Message(TinyModel.Node("If", ["x"], [i == depth ? "y" : $"v{i}"]).ToByteArray(), 5, attribute);
            body = Message((i == depth ? new GraphProto { Name = "g", Input = { TinyModel.Value("x") }, Output = { TinyModel.Value("y") } } : TinyModel.BodyOf($"v{i}", [])).ToByteArray(), 1, node);
        }
        var bytes = Message(new ModelProto { IrVersion = 8, OpsetImport = { TinyModel.Add().OpsetImport } }.ToByteArray(), 7, body);
        var path = folder.Write("deep.onnx", bytes);
        if (isValid) OnnxModel.Load(path);
        else Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path));
    }

    void Refused(byte[] content, string name)
    {
        var path = folder.Write("file.onnx", content);
        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path));
        Assert.StartsWith($"'{path}' is not an ONNX file: expected a model, got {name}", e.Message);
    }

    static byte[] Message(byte[] head, int field, byte[] body)
    {
        var output = new MemoryStream();
        output.Write(head);
        output.WriteByte((byte)((field << 3) | 2));
        OnnxAmalgam.Graphs.Files.Varint.Write(output, (ulong)body.Length);
        output.Write(body);
        return output.ToArray();
    }

    [Fact]
    public void Ten_million_empty_nodes_are_no_model()
    {
        // a graph of nodes of two bytes each, and nodes below the size that is looked into of attributes of two bytes each
        byte[] Repeated(byte[] part, int times) => [.. Enumerable.Repeat(part, times).SelectMany(p => p)];
        byte[] Field(int number, byte[] body)
        {
            using var stream = new MemoryStream();
            var coded = new Google.Protobuf.CodedOutputStream(stream, leaveOpen: true);
            coded.WriteTag(number, Google.Protobuf.WireFormat.WireType.LengthDelimited);
            coded.WriteBytes(Google.Protobuf.ByteString.CopyFrom(body));
            coded.Flush();
            return stream.ToArray();
        }

        byte[] node = Field(1, Repeated([0x2A, 0x00], 2_000));
        foreach (byte[] nodes in (byte[][])[Repeated([0x0A, 0x00], 10_000_001), Repeated(node, 5_001)])
        {
            string path = folder.Write("many.onnx", [0x08, 0x08, .. Field(7, nodes)]);
            Assert.Contains("more than 10000000 messages", Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path)).Message, StringComparison.Ordinal);
        }
    }
}
