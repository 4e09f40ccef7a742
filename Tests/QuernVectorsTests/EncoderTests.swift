import Foundation
import QuernRandom
import QuernVectors
import Testing

/// Every form of every instruction, byte for byte as the GNU assembler encodes it.
@Suite struct EncoderTests {
  /// One encoded instruction and its text in Intel's syntax.
  struct Case {
    var bytes: [UInt8]
    var text: String
  }

  static let generalRegisters = ["rax", "rcx", "rdx", "rbx", "", "", "rsi", "rdi"]
  static let bases = [0, 1, 2, 3, 6, 7]
  static let displacements = [
    0, 1, 3, 4, 12, 32, 64, -64, 127, 128, 508, 512, 4064, 4096, 8128, 8192, -128, -132, -8192,
    -8256, 1_000_000, 2_147_483_000,
  ]

  static func name(_ register: Int, _ bits: Int) -> String {
    "\(bits == 512 ? "z" : bits == 256 ? "y" : "x")mm\(register)"
  }

  static func encoded(_ encode: (inout OwnedArray<UInt8>) -> Void) -> [UInt8] {
    var bytes = OwnedArray<UInt8>()
    encode(&bytes)
    return bytes.elements
  }

  struct Collector {
    var cases: [Case] = []
    var generator = SeededGenerator(seed: 1)
    let evex: Bool
    let bits: Int

    init(evex: Bool) {
      self.evex = evex
      bits = evex ? 512 : 256
    }

    mutating func register() -> Int { Int.random(in: 0..<(evex ? 32 : 16), using: &generator) }

    mutating func memory(_ size: String) -> (RegisterOrMemory, String) {
      let base = EncoderTests.bases.randomElement(using: &generator)!
      let displacement = EncoderTests.displacements.randomElement(using: &generator)!
      return (
        .memory(base: base, displacement: displacement),
        "\(size) ptr [\(EncoderTests.generalRegisters[base])\(displacement < 0 ? "-" : "+")"
          + "\(abs(displacement))]"
      )
    }

    mutating func add(_ fields: EncodingFields, _ text: String, vexOnly: Bool = false) {
      let bytes = EncoderTests.encoded { bytes in
        if evex && !vexOnly {
          Encoder.evex(fields, into: &bytes)
        } else {
          Encoder.vex(fields, into: &bytes)
        }
      }
      // Where there is a choice, the assembler is told which encoding is meant.
      let prefix = bytes[0] == 0x62 ? "{evex}" : bytes[0] == 0xc4 ? "{vex3}" : "{vex}"
      cases.append(Case(bytes: bytes, text: "\(vexOnly ? "" : prefix + " ")\(text)"))
    }

    /// reg ← vvvv, rm (or reg ← rm), by registers, memory and embedded broadcast.
    mutating func general(
      _ opcode: Opcode, immediate: UInt8? = nil, registers: Bool = true, memory: Bool = true,
      broadcast: Bool = false
    ) {
      let tail = immediate.map { ", \($0)" } ?? ""
      let size = bits == 512 ? "zmmword" : "ymmword"
      let (memorySize, sourceBits) =
        switch opcode.tuple {
        case .full: (size, bits)
        case .scalar: ("dword", 128)
        case .quarter: (bits == 512 ? "xmmword" : "qword", 128)
        case .byte: ("byte", 128)
        }
      for _ in 0..<24 {
        let (d, a, b) = (register(), register(), register())
        let first =
          opcode.form == .three
          ? "\(EncoderTests.name(d, bits)), \(EncoderTests.name(a, bits))"
          : EncoderTests.name(d, bits)
        let v = opcode.form == .three ? a : 0
        if registers {
          add(
            EncodingFields(
              opcode: opcode, reg: d, vvvv: v, rm: .register(b), immediate: immediate, bits: bits),
            "\(opcode.mnemonic) \(first), \(EncoderTests.name(b, sourceBits))\(tail)")
        }
        if memory {
          let (rm, text) = self.memory(memorySize)
          add(
            EncodingFields(
              opcode: opcode, reg: d, vvvv: v, rm: rm, immediate: immediate, bits: bits),
            "\(opcode.mnemonic) \(first), \(text)\(tail)")
        }
        if broadcast, evex {
          let (rm, text) = self.memory("dword")
          let plain = text.replacingOccurrences(of: "dword ptr ", with: "")
          add(
            EncodingFields(
              opcode: opcode, reg: d, vvvv: v, rm: rm, immediate: immediate,
              embeddedBroadcast: true, bits: bits),
            "\(opcode.mnemonic) \(first), \(plain){1to16}\(tail)")
        }
      }
    }
  }

  static let arithmetic: [Opcode] = [
    .add, .multiply, .subtract, .minimum, .divide, .maximum, .and, .andNot, .or, .xor, .addInteger,
    .subtractInteger, .multiplyInteger, .maximumInteger, .minimumInteger, .multiplyAdd132,
    .multiplyAdd231, .negatedMultiplyAdd132, .negatedMultiplyAdd231,
  ]

  static func cases(evex: Bool) -> [Case] {
    var all = Collector(evex: evex)
    addGeneral(&all)
    for _ in 0..<24 {
      let (d, a, b) = (all.register(), all.register(), all.register())
      addStoresAndShifts(&all, d, a)
      all.add(
        EncodingFields(
          opcode: .moveQuad, reg: d, rm: .register(Encoder.scratch), bits: 128),
        "vmovq \(name(d, 128)), r11")
      if evex {
        evexOnly(&all, d, a, b)
      } else {
        vexOnly(&all, d, a, b)
        vexOnlyParts(&all, d, a)
      }
    }
    return all.cases
  }

  static func addGeneral(_ all: inout Collector) {
    for opcode in arithmetic { all.general(opcode, broadcast: true) }
    for opcode in [
      Opcode.load, .squareRoot, .convertToFloat, .nearestToInteger, .truncateToInteger,
    ] {
      all.general(opcode, registers: opcode.byte != Opcode.load.byte)
    }
    all.general(.move, memory: false)
    all.general(.broadcast)
    all.general(.widenBytes)
    all.general(all.evex ? .roundScale : .round, immediate: 8)
    all.general(.permute, immediate: 0x4e)
    for opcode in [Opcode.unpackLow, .unpackHigh, .unpackPairsLow, .unpackPairsHigh] {
      all.general(opcode, memory: false)
    }
  }

  static func addStoresAndShifts(_ all: inout Collector, _ d: Int, _ a: Int) {
    let bits = all.bits
    let (rm, memory) = all.memory(all.evex ? "zmmword" : "ymmword")
    all.add(
      EncodingFields(opcode: .store, reg: d, rm: rm, bits: bits),
      "vmovups \(memory), \(name(d, bits))")
    for opcode in [Opcode.shiftLeft, .shiftRightLogical, .shiftRightArithmetic] {
      all.add(
        EncodingFields(opcode: opcode, reg: d, rm: .register(a), immediate: 23, bits: bits),
        "\(opcode.mnemonic) \(name(d, bits)), \(name(a, bits)), 23")
    }
  }

  static func vexOnly(_ all: inout Collector, _ d: Int, _ a: Int, _ b: Int) {
    let (dn, an, bn) = (name(d, 256), name(a, 256), name(b, 256))
    all.add(
      EncodingFields(opcode: .moveWord, reg: d, rm: .register(Encoder.scratch), bits: 128),
      "vmovd \(name(d, 128)), r11d")
    all.add(
      EncodingFields(opcode: .widenSignedBytes, reg: d, rm: .register(a), bits: 256),
      "vpmovsxbd \(dn), \(name(a, 128))")
    all.add(
      EncodingFields(
        opcode: .blendVariable, reg: d, vvvv: a, rm: .register(b), immediate: UInt8(a) << 4,
        bits: 256), "vblendvps \(dn), \(an), \(bn), \(an)")
    for opcode in [Opcode.compare, .blendConstant, .permuteHalves] {
      all.add(
        EncodingFields(
          opcode: opcode, reg: d, vvvv: a, rm: .register(b), immediate: 0x11, bits: 256),
        "\(opcode.mnemonic) \(dn), \(an), \(bn), 0x11")
    }
    for opcode in [Opcode.equalInteger, .greaterInteger] {
      all.add(
        EncodingFields(opcode: opcode, reg: d, vvvv: a, rm: .register(b), bits: 256),
        "\(opcode.mnemonic) \(dn), \(an), \(bn)")
    }
  }

  /// What loads or stores a part of a register.
  static func vexOnlyParts(_ all: inout Collector, _ d: Int, _ a: Int) {
    let (byte, byteText) = all.memory("byte")
    all.add(
      EncodingFields(
        opcode: .insertByte, reg: d, vvvv: a, rm: byte, immediate: 5, bits: 128),
      "vpinsrb \(name(d, 128)), \(name(a, 128)), \(byteText), 5")
    let (rm, memory) = all.memory("ymmword")
    all.add(
      EncodingFields(opcode: .maskLoad, reg: d, vvvv: a, rm: rm, bits: 256),
      "vmaskmovps \(name(d, 256)), \(name(a, 256)), \(memory)")
    for (opcode, size, bits, immediate) in [
      (Opcode.storeOne, "dword", 128, nil), (.storeTwo, "qword", 128, nil),
      (.storeLane, "dword", 128, 2), (.extractHalf, "xmmword", 256, 1),
    ] as [(Opcode, String, Int, UInt8?)] {
      let (part, partText) = all.memory(size)
      all.add(
        EncodingFields(opcode: opcode, reg: d, rm: part, immediate: immediate, bits: bits),
        "\(opcode.mnemonic) \(partText), \(name(d, bits))" + (immediate.map { ", \($0)" } ?? ""))
    }
    all.add(
      EncodingFields(
        opcode: .extractHalf, reg: d, rm: .register(a), immediate: 1, bits: 256),
      "vextractf128 \(name(a, 128)), \(name(d, 256)), 1")
  }

  static func evexOnly(_ all: inout Collector, _ d: Int, _ a: Int, _ b: Int) {
    let (dn, an, bn) = (name(d, 512), name(a, 512), name(b, 512))
    let scratch = RegisterOrMemory.register(Encoder.scratch)
    all.add(
      EncodingFields(opcode: .broadcastInteger, reg: d, rm: scratch, bits: 512),
      "vpbroadcastd \(dn), r11d")
    all.add(
      EncodingFields(
        opcode: .insertQuad, reg: d, vvvv: a, rm: scratch, immediate: 1, bits: 128),
      "vpinsrq \(name(d, 128)), \(name(a, 128)), r11, 1")
    all.add(
      EncodingFields(opcode: .moveMask, reg: 1, rm: scratch, bits: 128), "kmovw k1, r11d",
      vexOnly: true)
    for k in [1, 2] {
      let (rm, memory) = all.memory("zmmword")
      all.add(
        EncodingFields(opcode: .load, reg: d, rm: rm, mask: k, zeroing: true, bits: 512),
        "vmovups \(dn){k\(k)}{z}, \(memory)")
      all.add(
        EncodingFields(opcode: .store, reg: d, rm: rm, mask: k, bits: 512),
        "vmovups \(memory){k\(k)}, \(dn)")
      let (quarter, quarterText) = all.memory("xmmword")
      all.add(
        EncodingFields(
          opcode: .widenBytes, reg: d, rm: quarter, mask: k, zeroing: true, bits: 512),
        "vpmovzxbd \(dn){k\(k)}{z}, \(quarterText)")
      all.add(
        EncodingFields(
          opcode: .blendMask, reg: d, vvvv: a, rm: .register(b), mask: k, bits: 512),
        "vblendmps \(dn){k\(k)}, \(an), \(bn)")
      for opcode in [Opcode.compare, .compareInteger] {
        all.add(
          EncodingFields(
            opcode: opcode, reg: k, vvvv: a, rm: .register(b), immediate: 4, bits: 512),
          "\(opcode.mnemonic) k\(k), \(an), \(bn), 4")
      }
    }
    all.add(
      EncodingFields(
        opcode: .shuffleGroups, reg: d, vvvv: a, rm: .register(b), immediate: 0x88, bits: 512),
      "vshuff32x4 \(dn), \(an), \(bn), 0x88")
  }

  static func otherCases() -> [Case] {
    var cases: [Case] = []
    func add(_ text: String, _ encode: (inout OwnedArray<UInt8>) -> Void) {
      cases.append(Case(bytes: encoded(encode), text: text))
    }
    add("mov r11d, 0x12345678") { Encoder.loadScratch(0x1234_5678 as UInt32, into: &$0) }
    add("movabs r11, 0xfedcba9876543210") {
      Encoder.loadScratch(0xfedc_ba98_7654_3210 as UInt64, into: &$0)
    }
    add("vzeroupper") { Encoder.zeroUpper(into: &$0) }
    for base in bases {
      for distance in displacements where distance != 0 {
        add("add \(generalRegisters[base]), \(distance)") {
          Encoder.advance(base, by: distance, into: &$0)
        }
      }
    }
    add("mov r10d, 70000") { Encoder.loadCounter(70_000, into: &$0) }
    // Loops whose bodies just reach with a short jump, and just do not.
    for padding in [0, 1, 122, 123, 124, 2000] {
      let nops = padding == 0 ? "" : String(repeating: "nop; ", count: padding)
      add("0: \(nops)sub r10d, 1; jnz 0b") { bytes in
        for _ in 0..<padding { bytes.append(0x90) }
        Encoder.countDown(loopStart: 0, into: &bytes)
      }
    }
    for base in bases {
      for displacement in displacements {
        for purpose in PrefetchPurpose.allCases {
          let name =
            switch purpose {
            case .read: "prefetcht0"
            case .readLater: "prefetcht1"
            case .write: "prefetchw"
            }
          let sign = displacement < 0 ? "" : "+"
          add("\(name) [\(generalRegisters[base])\(sign)\(displacement)]") {
            Encoder.prefetch(purpose, base: base, displacement: displacement, into: &$0)
          }
        }
      }
    }
    return cases
  }

  @Test(.enabled(if: CommandLineTools.has("as", "objcopy"), "the GNU assembler is not installed"))
  func encodesAsTheAssemblerDoes() throws {
    let cases = Self.cases(evex: true) + Self.cases(evex: false) + Self.otherCases()
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("quern-encoder-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("a.s").path
    let object = folder.appendingPathComponent("a.o").path
    let binary = folder.appendingPathComponent("a.bin").path
    let text = ".intel_syntax noprefix\n" + cases.map(\.text).joined(separator: "\n") + "\n"
    try text.write(toFile: source, atomically: true, encoding: .utf8)
    let (status, message) = try CommandLineTools.run("as", ["--64", "-o", object, source])
    try #require(status == 0, "\(message.prefix(2000))")
    _ = try CommandLineTools.run("objcopy", ["-O", "binary", "-j", ".text", object, binary])
    let expected = [UInt8](try Data(contentsOf: URL(fileURLWithPath: binary)))
    var start = 0
    for item in cases {
      let found = Array(expected[min(start, expected.count)...].prefix(item.bytes.count))
      try #require(found == item.bytes, "\(item.text)")
      start += item.bytes.count
    }
    #expect(start == expected.count)
  }
}
