// libtorch's threads and random generator belong to the process, and the tests run trainings in it.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
