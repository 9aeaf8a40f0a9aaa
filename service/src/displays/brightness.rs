//! Levels of brightness, from which people choose, and the percentages that they stand for.

use std::{fmt, str::FromStr};

use crate::{Error, Result, text::invalid};

const KIND: &str = "brightness scale";

/// What the levels 0 to 5 stand for, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale([i32; 6]);

impl Scale {
    /// A scale of six percentages, 0 to 100 each.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that is no percentage.
    pub fn new(percentages: [i32; 6]) -> Result<Self> {
        match percentages.iter().find(|percent| !(0..=100).contains(*percent)) {
            Some(beyond) => Err(invalid(KIND, &beyond.to_string(), "it goes from 0 to 100")),
            None => Ok(Self(percentages)),
        }
    }

    /// What a level stands for; nothing above level 5.
    pub fn percent(self, level: usize) -> Option<i32> {
        self.0.get(level).copied()
    }

    /// The level that comes closest to a brightness, the lower of two that are as close.
    pub fn level(self, percent: i32) -> usize {
        let distance = |level: &usize| self.0[*level].abs_diff(percent);
        (0..self.0.len()).min_by_key(distance).unwrap_or_default()
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self([0, 3, 5, 12, 35, 100])
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(i32::to_string).collect();
        f.write_str(&parts.join(","))
    }
}

impl FromStr for Scale {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for what is not six percentages with commas between them.
    fn from_str(text: &str) -> Result<Self> {
        let parts: Option<Vec<i32>> =
            text.split(',').map(|part| part.trim().parse().ok()).collect();
        let six = parts.and_then(|parts| <[i32; 6]>::try_from(parts).ok());
        let six = six
            .ok_or_else(|| invalid(KIND, text, "it is six percentages with commas between them"))?;
        Self::new(six)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_read_back_from_its_text() {
        let scale = Scale::new([0, 1, 2, 50, 99, 100]).unwrap();

        assert_eq!(scale.to_string(), "0,1,2,50,99,100");
        assert_eq!(scale.to_string().parse::<Scale>().unwrap(), scale);
        assert_eq!(" 0, 3,5 ,12,35,100".parse::<Scale>().unwrap(), Scale::default());
    }

    #[test]
    fn what_is_not_six_percentages_is_no_scale() {
        for wrong in ["", "0,3,5,12,35", "0,3,5,12,35,100,100", "0,3,5,12,35,101", "0,3,5,,35,100"]
        {
            assert!(matches!(wrong.parse::<Scale>(), Err(Error::Invalid { .. })), "{wrong}");
        }
        assert!(Scale::new([-1, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn a_brightness_has_the_level_that_comes_closest() {
        let scale = Scale::default();
        for (percent, level) in
            [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (12, 3), (23, 3), (24, 4), (68, 5), (100, 5)]
        {
            assert_eq!(scale.level(percent), level, "{percent}");
        }
        for level in 0..6 {
            assert_eq!(scale.level(scale.percent(level).unwrap()), level);
        }
        assert_eq!(scale.percent(6), None);
    }
}
