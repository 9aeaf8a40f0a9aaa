//! The colours of a picture: light ones, a hue for each domain.

/// The hue of the domain of that number, in degrees: neighbours are far apart.
pub(super) fn hue(index: usize) -> f64 {
    let index = f64::from(u32::try_from(index % 360).unwrap_or(0));
    (215.0 + index * 137.508) % 360.0
}

/// A colour of the given hue in degrees, saturation and lightness in parts of one, as `#rrggbb`.
pub(super) fn colour(hue: f64, saturation: f64, lightness: f64) -> String {
    let chroma = saturation * lightness.min(1.0 - lightness);
    let part = |offset: f64| {
        let at = (offset + hue.rem_euclid(360.0) / 30.0) % 12.0;
        channel(lightness - chroma * (at - 3.0).min(9.0 - at).clamp(-1.0, 1.0))
    };
    format!("#{:02x}{:02x}{:02x}", part(0.0), part(8.0), part(4.0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what a byte holds"
)]
fn channel(part: f64) -> u8 {
    (part * 255.0).round().clamp(0.0, 255.0) as u8
}
