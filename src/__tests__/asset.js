// What a style sheet or a picture is where there is no browser.
module.exports = '<svg xmlns="http://www.w3.org/2000/svg"></svg>';
