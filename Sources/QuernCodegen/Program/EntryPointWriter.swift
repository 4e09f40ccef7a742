import QuernPasses

/// Writes functions that run kernels in their order.
struct EntryPointWriter {
  let program: Program
  let threads: Int
  /// By kernel, in how many shares its tiles are taken.
  let shares: [Int]
  /// Lists of shares so far: each is gone through once.
  private(set) var lists = 0

  /// A function that runs kernels, regions as loops, and then packs panels.
  mutating func write(
    _ name: String, _ kernels: Range<Int>, packing: [String], _ text: inout CText
  ) {
    text.braces("void \(name)(\(GeneratedCode.stepParameters))") { text in
      text.line("(void)arena, (void)thread, (void)team;")
      var position = kernels.lowerBound
      while position < kernels.upperBound {
        if let region = program.region(of: position) {
          write(region, &text)
          position = region.kernels.upperBound
        } else {
          write(position, &text)
          position += 1
        }
      }
      if !packing.isEmpty, !kernels.isEmpty, threads > 1 {
        text.line("\(GeneratedCode.barrier)(team);")
      }
      for call in packing { text.line(call) }
    }
  }

  private func meet(before position: Int, _ text: inout CText) {
    if program.needsBarrier[position], threads > 1 {
      text.line("\(GeneratedCode.barrier)(team);")
    }
  }

  private func call(_ position: Int, share: String, chunk: String) -> String {
    "\(program.kernels[position].name)(arena, thread, \(share), \(chunk));"
  }

  private mutating func write(_ position: Int, _ text: inout CText) {
    meet(before: position, &text)
    guard shares[position] > threads else {
      return text.line(call(position, share: "thread", chunk: "0"))
    }
    text.braces(workShares("share", shares[position])) { text in
      text.line(call(position, share: "share", chunk: "0"))
    }
  }

  private mutating func write(_ region: Region, _ text: inout CText) {
    let range = region.kernels
    guard region.isPrivate, threads > 1 else {
      return text.braces("for (long chunk = 0; chunk < \(region.chunks); chunk++)") { text in
        for position in range {
          meet(before: position, &text)
          text.line(call(position, share: "thread", chunk: "chunk"))
        }
      }
    }
    meet(before: range.lowerBound, &text)
    // Chunks of one sum follow each other: each adds to what the last has stored.
    let together =
      program.kernels[range].lazy.flatMap(\.nests).compactMap(\.chunksPerSum).max() ?? 1
    let parts = region.chunks / together
    func runChunk(_ text: inout CText) {
      for position in range { text.line(call(position, share: "0", chunk: "chunk")) }
    }
    if together == 1 { return text.braces(workShares("chunk", parts), runChunk) }
    text.braces(workShares("part", parts)) { text in
      let share = Share(of: region.chunks, among: parts, number: "part")
      text.braces("for (long chunk = \(share.from); chunk < \(share.to); chunk++)", runChunk)
    }
  }

  /// The head of a loop in which threads take shares.
  private mutating func workShares(_ variable: String, _ count: Int) -> String {
    let next = "\(variable) = \(GeneratedCode.nextShare)(team, thread, \(lists), \(count))"
    lists += 1
    return "for (long \(next); \(variable) < \(count); \(next))"
  }
}
