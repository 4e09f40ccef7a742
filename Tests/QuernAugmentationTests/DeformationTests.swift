import QuernAugmentation
import QuernData
import QuernRandom
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct DeformationTests {
  @Test(arguments: [
    Deformation(),
    Deformation(
      elastic: .init(sigma: 5...6, alpha: 0...0), rotation: 0, shear: 0, scaling: 0...0),
  ])
  func withoutStrengthPicturesStayAsTheyAre(_ deformation: Deformation) throws {
    let data = try noise(count: 3).normalised()
    let deformer = try PictureDeformer(data, deformation, seed: 1)
    for index in 0..<3 { #expect(try deformer.picture(index, epoch: 0) == data.picture(index)) }
  }

  /// Oblong pictures, whose width is no multiple of the lanes, or more than two of them.
  @Test(arguments: [(5, 9), (40, 33), (28, 28), (2, 64)])
  func otherSizes(_ height: Int, _ width: Int) throws {
    let data = try noise(count: 2, height: height, width: width)
    let plain = try PictureDeformer(data, Deformation(), seed: 1)
    #expect(try plain.picture(1, epoch: 0) == data.picture(1))
    let paper = try PictureDeformer(data, .paper, seed: 1)
    let result = paper.picture(1, epoch: 0)
    #expect(result != (try data.picture(1)))
    #expect(result.allSatisfy { 0...1 ~= $0 })
  }

  /// Turned by a right angle about the centre, a pixel comes from another one exactly.
  @Test func aRightAngle() throws {
    let data = try noise(count: 1)
    let picture = try data.picture(0)
    // An angle is drawn; seeds are tried until it is close to what is wanted.
    let deformation = Deformation(rotation: 90)
    var found = 0
    for seed in 0..<60_000 as Range<UInt64> where found < 2 {
      let chance = PictureChance(deformation, seed: seed, epoch: 0, index: 0, label: 0)
      guard 90 - abs(chance.angle) < 0.03 else { continue }
      found += 1
      let result = try PictureDeformer(data, deformation, seed: seed).picture(0, epoch: 0)
      for y in 0..<29 {
        for x in 0..<29 {
          let expected = chance.angle > 0 ? picture[(28 - x) * 29 + y] : picture[x * 29 + 28 - y]
          #expect(abs(result[y * 29 + x] - expected) < 0.03, "\(chance.angle): \(y), \(x)")
        }
      }
    }
    #expect(found == 2)
  }

  /// Against the formula, pixel by pixel, with the bilinear value computed in double precision.
  @Test(arguments: ["rotation:15,scale:15-20", "shear:15,scale:20", "shear:30", "scale:50"])
  func affinePartsAreWhatTheFormulaSays(_ text: String) throws {
    let data = try noise(count: 4).normalised()
    let deformation = try Deformation(text)
    let deformer = try PictureDeformer(data, deformation, seed: 9)
    for index in 0..<4 {
      let picture = try data.picture(index)
      func pixel(_ y: Int, _ x: Int) -> Double {
        0..<29 ~= y && 0..<29 ~= x ? Double(picture[y * 29 + x]) : -1
      }
      let chance = PictureChance(
        deformation, seed: 9, epoch: 5, index: index, label: Int(data.labels[index]))
      let angle = chance.angle * Double.pi / 180
      let result = deformer.picture(index, epoch: 5)
      for y in 0..<29 {
        for x in 0..<29 {
          // Forward: scaled after it was turned or sheared; so back in the other order.
          let (right, down) = (
            (Double(x) - 14) / chance.factorX, (Double(y) - 14) / chance.factorY
          )
          var (fromX, fromY) = (14.0, 14.0)
          if chance.isShear {
            fromX += right - tan(angle) * (Double(y) - 14) / chance.factorX
            fromY += down
          } else {
            fromX +=
              (cos(angle) * (Double(x) - 14) + sin(angle) * (Double(y) - 14)) / chance.factorX
            fromY +=
              (-sin(angle) * (Double(x) - 14) + cos(angle) * (Double(y) - 14)) / chance.factorY
          }
          let (left, top) = (Int(floor(fromX)), Int(floor(fromY)))
          let (rightward, downward) = (fromX - floor(fromX), fromY - floor(fromY))
          let above = pixel(top, left) * (1 - rightward) + pixel(top, left + 1) * rightward
          let below = pixel(top + 1, left) * (1 - rightward) + pixel(top + 1, left + 1) * rightward
          let expected = above * (1 - downward) + below * downward
          #expect(abs(Double(result[y * 29 + x]) - expected) < 1e-3, "\(text) \(y) \(x)")
        }
      }
    }
  }

  /// The middle's displacement has the deviation of smoothed noise, α / (2 √(3π) σ), where the
  /// Gaussian is not cut off; here it is cut at 2σ, which makes it a few per cent larger.
  @Test func elasticDisplacements() throws {
    let deformation = try Deformation("elastic:5:36")
    let data = try Ramp.dataset(byRow: false)
    let down = try Ramp.dataset(byRow: true)
    let deformer = try PictureDeformer(data, deformation, seed: 4)
    let downDeformer = try PictureDeformer(down, deformation, seed: 4)
    var x: [Double] = []
    var y: [Double] = []
    var neighbours: [Double] = []
    for epoch in 0..<2000 {
      let right = deformer.picture(0, epoch: epoch)
      x.append(Double(right[14 * 29 + 14]) - 14)
      y.append(Double(downDeformer.picture(0, epoch: epoch)[14 * 29 + 14]) - 14)
      neighbours.append(Double(right[14 * 29 + 15] - right[14 * 29 + 14]) - 1)
    }
    var taps = (-10...10).map { exp(-Double($0 * $0) / 50) }
    let sum = taps.reduce(0, +)
    taps = taps.map { $0 / sum }
    let power = taps.reduce(0) { $0 + $1 * $1 }
    // Var(uniform on −1 … 1) = 1/3, through Σ taps² in both directions.
    let expected = 36 * power / 3.0.squareRoot()
    #expect(abs(expected - 36 / (2 * (3 * Double.pi).squareRoot() * 5)) < 0.1 * expected)
    for values in [x, y] {
      let (mean, deviation) = moments(values)
      #expect(abs(mean) < 4 * expected / 2000.0.squareRoot(), "\(mean)")
      #expect(abs(deviation - expected) < 0.06 * expected, "\(deviation), expected \(expected)")
    }
    // x's field and y's are independent; neighbours move together.
    let correlation = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / 2000 / (expected * expected)
    #expect(abs(correlation) < 0.09, "\(correlation)")
    #expect(moments(neighbours).deviation < 0.2 * expected)
  }

  @Test func whatChanceDecides() {
    let chances = (0..<20_000).map {
      PictureChance(.paper, seed: 7, epoch: $0 % 5, index: $0 / 5, label: 3)
    }
    for (values, range) in [
      (chances.map { Double($0.sigma) }, 5.0...6.0), (chances.map { Double($0.alpha) }, 36...38),
      (chances.map(\.angle), -15...15),
    ] {
      let width = range.upperBound - range.lowerBound
      let (mean, deviation) = moments(values)
      #expect(values.allSatisfy { range.contains($0) })
      #expect(abs(mean - range.lowerBound - width / 2) < 0.01 * width)
      // A uniform distribution's deviation is its width / √12.
      #expect(abs(deviation - width / 12.0.squareRoot()) < 0.01 * width)
    }
    for factors in [chances.map(\.factorX), chances.map(\.factorY)] {
      #expect(factors.allSatisfy { 0.8...1.2 ~= $0 })
      #expect(factors.contains { $0 > 1.19 } && factors.contains { $0 < 0.81 })
      #expect(abs(moments(factors).mean - 1) < 0.003)
    }
    let share = Double(chances.count { $0.isShear }) / 20_000
    #expect(abs(share - 0.5) < 0.015)
    #expect(Set(chances.map(\.noiseKey)).count > 19_900)
  }

  /// The digits 1 and 7 turn half as far as the others.
  @Test(arguments: 0..<10)
  func anglesDependOnTheDigit(_ digit: Int) {
    let angles = (0..<4000).map {
      abs(PictureChance(.paper, seed: 1, epoch: 0, index: $0, label: digit).angle)
    }
    let bound = digit == 1 || digit == 7 ? 7.5 : 15
    let largest = angles.max() ?? 0
    #expect(largest <= bound && largest > 0.99 * bound, "\(largest)")
    #expect(abs(moments(angles).mean - bound / 2) < 0.03 * bound)
  }

  @Test func epochsSeedsAndPicturesDiffer() throws {
    let data = try Dataset(
      bytes: [UInt8](repeating: 0, count: 2 * 841).enumerated().map { UInt8($0.offset % 251) },
      shape: [2, 29, 29], labels: [3, 3])
    let first = try PictureDeformer(data, .paper, seed: 1)
    let second = try PictureDeformer(data, .paper, seed: 2)
    let picture = first.picture(0, epoch: 0)
    #expect(picture == first.picture(0, epoch: 0))
    #expect(picture != first.picture(0, epoch: 1))
    #expect(picture != second.picture(0, epoch: 0))
    #expect(first.picture(0, epoch: 1) != second.picture(0, epoch: 1))
  }

  @Test func lanesHashAsCounterRandomDoes() {
    var values = SIMD16<UInt32>()
    for place in 0..<16 { values[place] = UInt32(place) &* 0x9e37_79b9 }
    let hashed = hashedLanes(values)
    for place in 0..<16 { #expect(hashed[place] == CounterRandom.hash(values[place])) }
  }
}
