namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>tools/write_tables.py: the tables of docs/benchmarks.md are what the logs of the measured runs say.</summary>
public sealed class WriteTablesTests
{
    [Fact]
    public void The_page_s_tables_are_those_that_the_logs_give()
    {
        Python.Answer answer = Python.Run("write_tables.py", "--check");
        Assert.True(answer.ExitCode == 0, answer.Errors);
    }
}
