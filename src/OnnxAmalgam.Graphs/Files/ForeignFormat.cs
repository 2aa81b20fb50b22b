using System.Text;
using System.Text.Unicode;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Says what a file is that could not be read as a model.</summary>
static class ForeignFormat
{
    static readonly (int Offset, byte[] Magic, string Name)[] Magics =
    [
        (0, [0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG image"),
        (0, [0xff, 0xd8, 0xff], "a JPEG image"),
        (0, [.. "GIF8"u8], "a GIF image"),
        (0, [.. "RIFF"u8], "a RIFF file (WebP image?)"),
        (0, [.. "PK\x03\x04"u8], "a ZIP archive (a PyTorch checkpoint? export it to ONNX)"),
        (0, [0x80, 2], "a Python pickle (a PyTorch checkpoint? export it to ONNX)"),
        (0, [0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 file (a Keras model? convert it to ONNX)"),
        (4, [.. "TFL3"u8], "a TensorFlow Lite model (convert it to ONNX)"),
        (4, [.. "ORTM"u8], "a model in ONNX Runtime's own format (use the .onnx file it was made from)"),
        (8, [.. "{\""u8], "a safetensors file (weights without a graph)"),
        (0, [0x93, .. "NUMPY"u8], "a NumPy array"),
        (0, [0x1f, 0x8b], "a gzip file (unpack it)"),
        (0, [.. "%PDF"u8], "a PDF"),
        (0, [.. "version https://git-lfs"u8], "a Git LFS pointer (run: git lfs pull)"),
    ];

    /// <summary>The format that these first bytes belong to, or null.</summary>
    public static string? Of(ReadOnlySpan<byte> head)
    {
        foreach (var (offset, magic, name) in Magics)
            if (head.Length >= offset && head[offset..].StartsWith(magic)) return name;
        if (!IsText(head)) return null;
        var text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return text.StartsWith('<') ? "an HTML or XML page (a failed download?)" : "text";
    }

    /// <summary>Whether the first field is one of ModelProto's.</summary>
    public static bool StartsLikeModel(ReadOnlySpan<byte> head) =>
        head[0] is 0x08 or 0x12 or 0x1a or 0x22 or 0x28 or 0x32 or 0x3a or 0x42 or 0x72
        || head.Length > 1 && (head[0], head[1]) is (0xa2, 0x01) or (0xca, 0x01) or (0xd2, 0x01);

    /// <summary>A model has control characters among its first bytes; text has none.</summary>
    static bool IsText(ReadOnlySpan<byte> head)
    {
        foreach (var b in head)
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\r' or (byte)'\n') or 0x7f) return false;
        // The last character may be cut off.
        for (var cut = 0; cut < Math.Min(4, head.Length); cut++)
            if (Utf8.IsValid(head[..^cut])) return true;
        return false;
    }
}
