import QuernMachine
import QuernPasses

/// A nest as one kernel uses it: what is computed, and where its tensors lie.
struct NestInstance: Sendable {
  /// In C: the kernel's, with a number where it has several nests.
  let name: String
  let nest: MemoryNest
  /// What its products ask for besides, in a region.
  let region: RegionPrefetch?
  /// Among which the tiles are shared out.
  let threads: Int
  /// By which the kernel may be called for one turn after the other; nil where it may not.
  let workShares: Tuning.WorkShares?

  /// What the C depends on but for names and places: nests that agree become one function.
  struct Shape: Hashable {
    var nest: MemoryNest
    var region: RegionPrefetch?
    var threads: Int
    var workShares: Tuning.WorkShares?

    /// By what most shapes differ in: hashing all of it takes longer than to compare the few that agree.
    func hash(into hasher: inout Hasher) {
      for axis in nest.axes { hasher.combine(axis.extent) }
      hasher.combine(nest.accesses.count)
      hasher.combine(nest.values.count)
    }
  }

  var shape: Shape {
    Shape(
      nest: nest.anywhere, region: region?.anywhere, threads: threads, workShares: workShares)
  }

  /// The nests of a kernel.
  ///
  static func all(
    of position: Int, in addressed: AddressedProgram, _ options: CodegenOptions
  ) -> [NestInstance] {
    let program = addressed.program
    let kernel = program.kernels[position]
    let region = program.region(of: position)
    let threads = region?.isPrivate == true ? 1 : options.threads
    // Nests would have shares of their own, and chunks of a region that all threads share, too.
    let isWhole = kernel.nests.count == 1 && region == nil
    let workShares = isWhole && threads > 1 ? options.tuning.workShares : nil
    let ahead = RegionPrefetch(position, addressed)
    return addressed.nests[position].enumerated().map { number, nest in
      NestInstance(
        name: kernel.nests.count == 1 ? kernel.name : "\(kernel.name)_part\(number)", nest: nest,
        region: ahead, threads: threads, workShares: workShares)
    }
  }
}
