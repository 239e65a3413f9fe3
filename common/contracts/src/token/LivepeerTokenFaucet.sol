// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

// Play money for test networks.
contract LivepeerTokenFaucet {
    IERC20 public immutable token;
    uint256 public immutable requestAmount;
    uint256 public immutable requestWait; // hours

    mapping(address => uint256) public nextValidRequest;

    event Request(address indexed to, uint256 amount);

    constructor(address tokenAddress, uint256 amount, uint256 waitHours) {
        token = IERC20(tokenAddress);
        requestAmount = amount;
        requestWait = waitHours;
    }

    function request() external {
        require(block.timestamp >= nextValidRequest[msg.sender], "must wait before next request");
        nextValidRequest[msg.sender] = block.timestamp + requestWait * 1 hours;
        require(token.transfer(msg.sender, requestAmount), "token transfer failed");
        emit Request(msg.sender, requestAmount);
    }
}
