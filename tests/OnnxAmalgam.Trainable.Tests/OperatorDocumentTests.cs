using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class OperatorDocumentTests
{
    [Fact]
    public void The_document_of_operators_is_what_the_table_gives() => Golden.Equal(OperatorDocument.Text(), "docs", "operators.md");

    [Fact]
    public void The_document_has_a_line_for_every_row() =>
        Assert.Equal(OperatorTable.All.Rows.Count, OperatorDocument.Text().Split('\n').Count(line => line.StartsWith("| ", StringComparison.Ordinal)) - 1);
}
