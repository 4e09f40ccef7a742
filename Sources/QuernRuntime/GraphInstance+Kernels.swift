import QuernGraph
import QuernKernels
import QuernPasses

extension GraphInstance {
  /// One kernel's part of a step.
  public struct KernelTime: Sendable, Encodable {
    /// The function in the generated C.
    public var name: String
    /// Layers and stages that it computes for, the one that it is named by first.
    public var layers: [String]
    /// Median of the runs.
    public var seconds: Double
    /// Multiply-adds of its contractions; those with zeros outside included.
    public var multiplyAdds: Int
    /// Bytes of all tensors it reads and writes, each counted once.
    public var bytes: Int
  }

  /// Runs steps kernel by kernel, and times each.
  ///
  /// The step's effects are those of `runs` steps.
  public func timeKernels(runs: Int) throws -> [KernelTime] {
    let (program, code, threads) = (compiled.program, compiled.code, compiled.options.threads)
    var times = [[Double]](repeating: [], count: program.kernels.count)
    prepare()
    let functions = try program.kernels.map { try compiled.function($0) }
    for _ in 0..<max(1, runs) {
      var seconds = [Double](repeating: 0, count: functions.count)
      func time(_ position: Int, chunk: Int, stride: Int) {
        // Where threads take chunks, a kernel is whole for each.
        let shares = max(code.shares[position], threads)
        let start = monotonicSeconds()
        run(functions[position], shares: shares, chunk: chunk, stride: stride)
        seconds[position] += monotonicSeconds() - start
      }
      var position = program.preparedCount
      while position < functions.count {
        let region =
          program.region(of: position)
          ?? Region(kernels: position..<position + 1, chunks: 1)
        // Threads that take chunks of their own take as many each, and all do those that are over.
        let stride = region.isPrivate ? region.chunks / threads : 0
        let shared = region.isPrivate ? stride * threads : 0
        for chunk in 0..<stride {
          for position in region.kernels { time(position, chunk: chunk, stride: stride) }
        }
        for chunk in shared..<region.chunks {
          for position in region.kernels { time(position, chunk: chunk, stride: 0) }
        }
        position = region.kernels.upperBound
      }
      for index in seconds.indices { times[index].append(seconds[index]) }
    }
    return zip(program.kernels, times).dropFirst(program.preparedCount).map { kernel, times in
      KernelTime(
        name: kernel.name, layers: Array(kernel.origins.layers),
        seconds: times.sorted()[times.count / 2],
        multiplyAdds: kernel.multiplyAdds, bytes: bytes(kernel))
    }
  }

  private func bytes(_ kernel: Kernel) -> Int {
    Set(TensorUse(kernel).all).reduce(0) {
      $0 + (compiled.program.storages[$1]?.type.byteCount ?? 0)
    }
  }
}
