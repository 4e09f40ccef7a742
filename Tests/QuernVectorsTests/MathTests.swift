import Foundation
import QuernMachine
import QuernRandom
import QuernTinyCC
import QuernVectors
import Testing

/// The elementary functions against double precision.
@Suite struct MathTests {
  enum Function: String, CaseIterable, Sendable {
    case exp, log, sin, cos, tanh, sigmoid, erf

    func emit(_ builder: inout VectorBuilder, _ x: VectorRegister) -> VectorRegister {
      switch self {
      case .exp: builder.exp(x)
      case .log: builder.log(x)
      case .sin: builder.sin(x)
      case .cos: builder.cos(x)
      case .tanh: builder.tanh(x)
      case .sigmoid: builder.sigmoid(x)
      case .erf: builder.erf(x)
      }
    }

    func reference(_ x: Double) -> Double {
      switch self {
      case .exp: Foundation.exp(x)
      case .log: Foundation.log(x)
      case .sin: Foundation.sin(x)
      case .cos: Foundation.cos(x)
      case .tanh: Foundation.tanh(x)
      case .sigmoid:
        x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
      case .erf: Foundation.erf(x)
      }
    }

    /// ULP that the documentation promises.
    var bound: Double {
      switch self {
      case .exp, .log, .sin, .cos: 2
      case .tanh, .sigmoid, .erf: 4
      }
    }

    /// What counts as an ULP where that is less: half the absolute error that is promised.
    func smallestUnit(_ x: Float) -> Double {
      switch self {
      case .sin, .cos: abs(x) < 0x1p11 ? 0x1p-39 : 0x1p-24
      case .exp, .log, .tanh, .sigmoid, .erf: 0x1p-149
      }
    }

    /// Where the function does something else than saturate, or changes how it is computed.
    var range: ClosedRange<Float> {
      switch self {
      case .exp: -105...90
      case .log: 0...4
      case .sin, .cos: -2500...2500
      case .tanh: -10...10
      case .sigmoid: -110...20
      case .erf: -4.5...4.5
      }
    }

    func kernel(_ target: Target) -> TestKernel {
      var builder = VectorBuilder(target: target)
      for step in 0..<4 {
        let place = step * 4 * target.lanes
        let x = builder.load(Address("x", offset: place))
        let y = emit(&builder, x)
        builder.store(y, to: Address("y", offset: place))
      }
      return TestKernel(name: rawValue + "_of", bases: ["x", "y"], blocks: [builder.takeBlock()])
    }
  }

  static let sampleCount = 40_000 / 64 * 64

  static func samples(_ function: Function) -> [Float] {
    var values: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, 1, -1, .leastNonzeroMagnitude, -0x1p-149,
      .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      88.72283, 88.722_84, -87.336_54, -87.336_55, -103.97, -103.98, -150, 0x1.6a09e6p-1,
      0x1.6a09e8p-1, 0x1.6a09e4p-1, 0.625, 0.624_999_94, 0.927_734_375, 9, 9.02, -9.1, 3.9, 4,
      0x1.fffffep-1, 0x1.000002p0,
      // Where sines and cosines change how they are computed, are nearest to 0, or least exact.
      0x1p11, 0x1.fffffep10, 0x1.921fb6p-1, 0x1.921fb6p0, 0x1.921fb6p1, 0x1.2d97c8p2, 0x1.f9cbe2p10,
      0x1.f9cbe2p12, 0x1.4ac55cp23, 0x1.13093p77, 0x1.48f2b8p87, 0x1.e8a622p22, 0x1.bd1704p127,
    ]
    var generator = SeededGenerator(seed: 7)
    while values.count < sampleCount {
      values.append(
        values.count % 3 == 0
          ? Float(bitPattern: .random(in: 0...UInt32.max, using: &generator))
          : .random(in: function.range, using: &generator))
    }
    return values
  }

  static func distance(_ found: Float, _ exact: Double, unit smallest: Double) -> Double {
    let rounded = Float(exact)
    if exact.isNaN || found.isNaN { return exact.isNaN && found.isNaN ? 0 : .infinity }
    if rounded.isInfinite || found.isInfinite {
      if rounded == found { return 0 }
      // One side may have rounded to the largest finite number.
      return abs(rounded.isInfinite ? found : rounded) == .greatestFiniteMagnitude ? 1 : .infinity
    }
    return abs(Double(found) - exact) / max(Double(rounded.ulp), smallest)
  }

  /// What compiled code gives. The number of samples is a multiple of 64.
  static func values(
    of function: Function, at samples: [Float], _ configuration: Configuration
  ) throws -> [Float] {
    let kernel = function.kernel(configuration.target)
    let code = try compile([kernel], configuration)
    defer { withExtendedLifetime(code) {} }
    let call = unsafeBitCast(try code.function(named: kernel.name), to: KernelFunction.self)
    var input = samples
    var output = [Float](repeating: -7, count: samples.count)
    let step = 4 * configuration.target.lanes
    input.withUnsafeMutableBytes { x in
      output.withUnsafeMutableBytes { y in
        for start in stride(from: 0, to: samples.count, by: step) {
          call([x.baseAddress! + 4 * start, y.baseAddress! + 4 * start])
        }
      }
    }
    return output
  }

  @Test(arguments: Function.allCases)
  func staysWithinBound(_ function: Function) throws {
    let samples = Self.samples(function)
    let exact = samples.map { function.reference(Double($0)) }
    for configuration in Configuration.runnable {
      let output = try Self.values(of: function, at: samples, configuration)
      var worst = (distance: 0.0, index: 0)
      for index in samples.indices {
        let unit = function.smallestUnit(samples[index])
        let distance = Self.distance(output[index], exact[index], unit: unit)
        if distance > worst.distance { worst = (distance, index) }
      }
      #expect(
        worst.distance <= function.bound,
        """
        \(function) on \(configuration.testDescription): \(output[worst.index]) at \
        \(samples[worst.index]) is \(worst.distance) ULP from \(exact[worst.index])
        """)
    }
  }

  @Test("The sine is odd and the cosine even, to the bit; neither leaves ±1")
  func symmetries() throws {
    for (function, signs) in [(Function.sin, UInt32(1) << 31), (.cos, 0)] {
      let samples = Self.samples(function).map { abs($0) }
      for configuration in Configuration.runnable {
        let values = try Self.values(of: function, at: samples, configuration)
        let mirrored = try Self.values(of: function, at: samples.map { -$0 }, configuration)
        for (index, x) in samples.enumerated() where x.isFinite {
          let (value, other) = (values[index], mirrored[index])
          #expect(
            abs(value) <= 1 && value.bitPattern ^ signs == other.bitPattern,
            "\(function) on \(configuration.testDescription): \(value) at \(x), \(other) at -\(x)")
        }
      }
    }
  }

  @Test("Small angles are their own sines, zeros and subnormal numbers too")
  func smallSines() throws {
    let small: [Float] = [
      0, .leastNonzeroMagnitude, 0x1p-140, .leastNormalMagnitude, 1e-20, 0x1.fffffep-13,
    ]
    let samples = (small + small.map { -$0 }) + [Float](repeating: 0, count: 52)
    for configuration in Configuration.runnable {
      let values = try Self.values(of: .sin, at: samples, configuration)
      #expect(values.map(\.bitPattern) == samples.map(\.bitPattern))
    }
  }

  /// One value's lowbias32, as its author writes it.
  static func lowbias32(_ value: UInt32) -> UInt32 {
    var x = value
    x ^= x >> 16
    x = x &* 0x7feb_352d
    x ^= x >> 15
    x = x &* 0x846c_a68b
    x ^= x >> 16
    return x
  }

  @Test(arguments: Configuration.runnable)
  func hashesAsSwiftDoes(_ configuration: Configuration) throws {
    var builder = VectorBuilder(target: configuration.target)
    let value = builder.load(Address("x"))
    builder.store(builder.lowbias32(value), to: Address("y"))
    let kernel = TestKernel(name: "hash", bases: ["x", "y"], blocks: [builder.takeBlock()])
    let code = try compile([kernel], configuration)
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<100 {
      let lanes = configuration.target.lanes
      let input =
        [0, 1, .max] + (3..<lanes).map { _ in UInt32.random(in: 0...(.max), using: &generator) }
      let memory = ["x": bytes(input), "y": [UInt8](repeating: 0, count: 4 * lanes)]
      let result = words(try run(kernel, in: code, memory: memory)["y"]!)
      #expect(result == input.map(Self.lowbias32))
    }
  }

  @Test(arguments: Configuration.runnable)
  func transposes(_ configuration: Configuration) throws {
    let lanes = configuration.target.lanes
    var builder = VectorBuilder(target: configuration.target)
    let rows = (0..<lanes).map { builder.load(Address("x", offset: $0 * lanes * 4)) }
    for (index, row) in builder.transpose(rows).enumerated() {
      builder.store(row, to: Address("y", offset: index * lanes * 4))
    }
    let kernel = TestKernel(name: "transpose", bases: ["x", "y"], blocks: [builder.takeBlock()])
    let code = try compile([kernel], configuration)
    let input = (0..<UInt32(lanes * lanes)).map { $0 }
    let result = try run(
      kernel, in: code,
      memory: ["x": bytes(input), "y": [UInt8](repeating: 0, count: 4 * lanes * lanes)])
    let expected = (0..<lanes * lanes).map { input[$0 % lanes * lanes + $0 / lanes] }
    #expect(words(result["y"]!) == expected)
  }
}
