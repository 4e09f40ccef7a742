import QuernPasses

/// A piece as one kernel uses it: what is computed, and where its tensors lie.
struct PieceUse: Sendable {
  /// In C: the kernel's, with a number where it has several pieces.
  let name: String
  let nest: Nest
  /// What its products ask for besides, in a section.
  let section: SectionAhead?
  /// Among which the tiles are shared out.
  let threads: Int
  /// By which the kernel may be called for one turn after the other; nil where it may not.
  let turns: TurnLimits?

  /// What the C depends on but for names and places: pieces that agree become one function.
  struct Shape: Hashable {
    var nest: Nest
    var section: SectionAhead?
    var threads: Int
    var turns: TurnLimits?

    /// By what most shapes differ in: hashing all of it takes longer than to compare the few that agree.
    func hash(into hasher: inout Hasher) {
      for axis in nest.axes { hasher.combine(axis.extent) }
      hasher.combine(nest.references.count)
      hasher.combine(nest.values.count)
    }
  }

  var shape: Shape {
    Shape(
      nest: nest.anywhere, section: section?.anywhere, threads: threads, turns: turns)
  }

  /// The pieces of a kernel.
  ///
  /// - Throws: ``LoweringError`` for those that cannot become C.
  static func all(
    of position: Int, in program: Program, _ options: CodegenOptions
  ) throws -> [PieceUse] {
    let kernel = program.kernels[position]
    let section = program.section(of: position)
    let threads = section?.isPrivate == true ? 1 : options.threads
    // Pieces would have turns of their own, and chunks of a section that all threads share, too.
    let isWhole = kernel.pieces.count == 1 && section == nil
    let turns = isWhole && threads > 1 ? options.turns : nil
    let ahead = SectionAhead(position, program)
    return try kernel.pieces.enumerated().map { number, piece in
      var nest = Nest(piece, program, position: position)
      nest.cutLanes((nest.isTransform ? 1 : 4) * options.target.lanes)
      if nest.stores.contains(where: { nest.references[$0.reference].element == .uint8 }) {
        throw LoweringError(
          kernel.label, "bytes are moved", mend: "convert the uint8 tensor with toFloat or toInt")
      }
      return PieceUse(
        name: kernel.pieces.count == 1 ? kernel.name : "\(kernel.name)_part\(number)", nest: nest,
        section: ahead, threads: threads, turns: turns)
    }
  }
}
