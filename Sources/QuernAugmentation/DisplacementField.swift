#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Two smoothed fields of random displacements, for x and for y: the elastic part's u.
///
/// A Gaussian is a product of one in x and one in y, so each field is smoothed along its rows, then
/// along its columns: 2 · 21 multiply-adds a value instead of 21².
final class DisplacementField {
  let height: Int
  let width: Int
  /// Values from one row of a field to the next.
  let pitch: Int
  /// Elements of the Gaussian on either side of its middle.
  let radius: Int

  /// (2, H, pitch) values: x's field, then y's.
  let values: UnsafeMutablePointer<Float>
  /// Random numbers, a row of both fields each, framed with zeros: (2, H, framedPitch).
  private let noise: UnsafeMutablePointer<Float>
  private let framedPitch: Int
  /// Smoothed along rows: (2, H, pitch).
  private let rows: UnsafeMutablePointer<Float>
  private let taps: UnsafeMutablePointer<Float>

  init(height: Int, width: Int, radius: Int) {
    self.height = height
    self.width = width
    self.radius = radius
    pitch = lanePadded(width)
    framedPitch = pitch + 2 * radius
    // Lanes at the last row's end read beyond it.
    noise = .allocate(capacity: 2 * height * framedPitch + laneCount)
    noise.initialize(repeating: 0, count: 2 * height * framedPitch + laneCount)
    rows = .allocate(capacity: 2 * height * pitch)
    rows.initialize(repeating: 0, count: 2 * height * pitch)
    values = .allocate(capacity: 2 * height * pitch)
    values.initialize(repeating: 0, count: 2 * height * pitch)
    taps = .allocate(capacity: 2 * radius + 1)
    taps.initialize(repeating: 0, count: 2 * radius + 1)
  }

  deinit {
    noise.deallocate()
    rows.deallocate()
    values.deallocate()
    taps.deallocate()
  }

  /// Draws both fields anew, and smooths them with a Gaussian of `sigma` pixels.
  func fill(sigma: Float, key: UInt32) {
    drawNoise(key: key)
    setTaps(sigma: sigma)
    smoothRows()
    smoothColumns()
  }

  /// Evenly from −1 up to 1, in steps of 2⁻¹⁵. One hash of key and place makes both fields' numbers.
  private func drawNoise(key: UInt32) {
    var lane = SIMD16<UInt32>()
    for place in 0..<laneCount { lane[place] = UInt32(place) }
    // Only whole lanes are stored; those beyond the width must be zero.
    let last = pitch - laneCount
    var inside = SIMD16<UInt32>()
    for place in 0..<laneCount { inside[place] = last + place < width ? .max : 0 }
    for y in 0..<height {
      let row = noise + y * framedPitch + radius
      let other = row + height * framedPitch
      var x = 0
      while x < pitch {
        let bits = hashedLanes((lane &+ UInt32(truncatingIfNeeded: y &* pitch &+ x)) ^ key)
        var first = floats(bits & 0xffff) * 0x1p-15 - 1
        var second = floats(bits &>> 16) * 0x1p-15 - 1
        if x == last {
          first = unsafeBitCast(
            unsafeBitCast(first, to: SIMD16<UInt32>.self) & inside, to: Lanes.self)
          second = unsafeBitCast(
            unsafeBitCast(second, to: SIMD16<UInt32>.self) & inside, to: Lanes.self)
        }
        row.store(first, at: x)
        other.store(second, at: x)
        x &+= laneCount
      }
    }
  }

  private func setTaps(sigma: Float) {
    var sum: Float = 0
    let factor = -0.5 / (sigma * sigma)
    for distance in 0...radius {
      let value = expf(factor * Float(distance * distance))
      taps[radius + distance] = value
      taps[radius - distance] = value
      sum += distance == 0 ? value : 2 * value
    }
    let scale = 1 / sum
    for tap in 0...2 * radius { taps[tap] *= scale }
  }

  private func smoothRows() {
    let count = 2 * radius + 1
    for row in 0..<2 * height {
      let from = noise + row * framedPitch
      let to = rows + row * pitch
      var x = 0
      // Two at a time keep the adders busy while they wait for their results.
      while x &+ 2 * laneCount <= pitch {
        var (a, b) = (Lanes(), Lanes())
        var tap = 0
        while tap < count {
          let weight = Lanes(repeating: taps[tap])
          a += weight * from.lanes(x &+ tap)
          b += weight * from.lanes(x &+ tap &+ laneCount)
          tap &+= 1
        }
        to.store(a, at: x)
        to.store(b, at: x &+ laneCount)
        x &+= 2 * laneCount
      }
      if x < pitch {
        var a = Lanes()
        var tap = 0
        while tap < count {
          a += Lanes(repeating: taps[tap]) * from.lanes(x &+ tap)
          tap &+= 1
        }
        to.store(a, at: x)
      }
    }
  }

  private func smoothColumns() {
    for field in 0..<2 {
      let from = rows + field * height * pitch
      let to = values + field * height * pitch
      for y in 0..<height {
        // Rows beyond the picture are zero: left out.
        let (first, last) = (max(y - radius, 0), min(y + radius, height - 1))
        var x = 0
        while x &+ 2 * laneCount <= pitch {
          var (a, b) = (Lanes(), Lanes())
          var row = first
          while row <= last {
            let weight = Lanes(repeating: taps[row &- y &+ radius])
            a += weight * from.lanes(row &* pitch &+ x)
            b += weight * from.lanes(row &* pitch &+ x &+ laneCount)
            row &+= 1
          }
          to.store(a, at: y &* pitch &+ x)
          to.store(b, at: y &* pitch &+ x &+ laneCount)
          x &+= 2 * laneCount
        }
        if x < pitch {
          var a = Lanes()
          var row = first
          while row <= last {
            a += Lanes(repeating: taps[row &- y &+ radius]) * from.lanes(row &* pitch &+ x)
            row &+= 1
          }
          to.store(a, at: y &* pitch &+ x)
        }
      }
    }
  }
}
